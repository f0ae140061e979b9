using System.Text;
using Microsoft.AspNetCore.Connections;

namespace Portal.Agent.Node;

/// <summary>How many connections the agent has at a time: descriptors are for containers first.</summary>
internal sealed class ConnectionLimit(int limit)
{
    private const string Body = "{\"message\":\"the engine has too many connections\"}";

    private int _count;

    /// <summary>What a connection too many gets, whatever it was going to ask.</summary>
    public static ReadOnlyMemory<byte> Refusal { get; } = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{Body}");

    /// <summary>How many files this process may open.</summary>
    public static int Files { get; } = ReadFiles();

    /// <summary>A quarter of them.</summary>
    public static ConnectionLimit OfThisProcess() => new(Math.Max(Files / 4, 16));

    /// <summary>Connection middleware.</summary>
    public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
    {
        try
        {
            if (Interlocked.Increment(ref _count) <= limit)
            {
                await next(connection);
            }
            else
            {
                _ = await connection.Transport.Output.WriteAsync(Refusal);
            }
        }
        finally
        {
            _ = Interlocked.Decrement(ref _count);
        }
    };

    private static int ReadFiles()
    {
        // "Max open files            1048576              1048576              files"
        var line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return int.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], out var files) ? files : int.MaxValue;
    }
}
