using System.Net.Sockets;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>A hijacked connection, as clients of the Engine API hold it.</summary>
internal sealed class RawStream : IAsyncDisposable
{
    private readonly NetworkStream _stream;
    private readonly StringBuilder _seen = new();
    private readonly Task _reading;
    private readonly bool _framed;

    private RawStream(Socket socket, string head, bool framed)
    {
        Socket = socket;
        Head = head;
        _framed = framed;
        _stream = new(socket, ownsSocket: true);
        _reading = ReadAsync();
    }

    public Socket Socket { get; }

    /// <summary>Status line and headers.</summary>
    public string Head { get; }

    /// <summary>Output so far; in frames <c>1:text</c> and <c>2:text</c> by stream.</summary>
    public string Seen
    {
        get
        {
            lock (_seen)
            {
                return _seen.ToString();
            }
        }
    }

    /// <summary>Completes when the engine closes the connection.</summary>
    public Task Closed => _reading;

    public static async Task<RawStream> PostAsync(AgentProcess engine, string path, string json = "", bool framed = true)
    {
        var socket = await engine.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n{json}"));
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one) == 1)
        {
            head.Append((char)one[0]);
        }

        return new(socket, head.ToString(), framed);
    }

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>The end of input.</summary>
    public void CloseInput() => Socket.Shutdown(SocketShutdown.Send);

    public Task UntilAsync(string text) => Patience.UntilAsync($"'{text}' comes; there is '{Seen}'", () => Seen.Contains(text, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _reading;
    }

    private async Task ReadAsync()
    {
        var header = new byte[8];
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var length = buffer.Length;
                if (_framed)
                {
                    await _stream.ReadExactlyAsync(header);
                    length = (header[4] << 24) | (header[5] << 16) | (header[6] << 8) | header[7];
                    await _stream.ReadExactlyAsync(buffer.AsMemory(0, length));
                }
                else if ((length = await _stream.ReadAsync(buffer)) == 0)
                {
                    return;
                }

                lock (_seen)
                {
                    _seen.Append(_framed ? $"{header[0]}:" : "").Append(Encoding.UTF8.GetString(buffer, 0, length));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Closed by one of the two.
        }
    }
}
