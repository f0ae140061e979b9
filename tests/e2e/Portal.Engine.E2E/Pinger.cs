using System.Diagnostics;
using System.Net.Sockets;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Asks the engine all the time whether it is there, each time over a connection of its own.</summary>
internal sealed class Pinger : IAsyncDisposable
{
    private readonly AgentProcess _engine;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _asking;
    private readonly TaskCompletionSource _ended = new();

    public Pinger(AgentProcess engine)
    {
        _engine = engine;

        // A thread of its own: what is measured is the engine, not how busy the pool of the test is.
        _asking = new(Ask) { IsBackground = true, Priority = ThreadPriority.Highest };
        _asking.Start();
    }

    /// <summary>The longest that an answer took.</summary>
    public TimeSpan Longest { get; private set; }

    public int Count { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ended.Task;
        _stop.Dispose();
    }

    private void Ask()
    {
        var buffer = new byte[4096];
        while (!_stop.IsCancellationRequested)
        {
            var asked = Stopwatch.StartNew();
            using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                socket.Connect(new UnixDomainSocketEndPoint(_engine.Socket));
                socket.Send("GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n"u8);
                if (socket.Receive(buffer) > 12 && buffer.AsSpan().StartsWith("HTTP/1.1 200"u8))
                {
                    Count++;
                }
            }

            Longest = asked.Elapsed > Longest ? asked.Elapsed : Longest;
            Thread.Sleep(20);
        }

        _ended.SetResult();
    }
}
