using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Portal.Engine.E2E;

/// <summary>A way to a server that can be held up in the middle of an answer.</summary>
public sealed class SlowRelay : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _end = new();
    private readonly string _target;
    private readonly Task _accepting;
    private long _passed;

    /// <param name="target">Where it leads.</param>
    /// <param name="port">Port that it listens at; 0 for any.</param>
    public SlowRelay(string target, int port = 0)
    {
        (_target, _listener) = (target, new(IPAddress.Loopback, port));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Host => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Bytes of answers that may pass.</summary>
    public long Allowance { get; set; } = long.MaxValue;

    /// <summary>Bytes of answers that have passed.</summary>
    public long Passed => Interlocked.Read(ref _passed);

    /// <summary>Counts anew.</summary>
    public void Reset(long allowance)
    {
        Allowance = allowance;
        Interlocked.Exchange(ref _passed, 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
            _ = RelayAsync(await _listener.AcceptTcpClientAsync(_end.Token));
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient();
        try
        {
            await far.ConnectAsync(IPEndPoint.Parse(_target), _end.Token);
            await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream(), _end.Token), AnswerAsync(far.GetStream(), near.GetStream()));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // Either side may leave at any time.
        }
    }

    private async Task AnswerAsync(NetworkStream far, NetworkStream near)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = await far.ReadAsync(buffer, _end.Token)) > 0;)
        {
            while (Passed >= Allowance) await Task.Delay(20, _end.Token);
            Interlocked.Add(ref _passed, count);
            await near.WriteAsync(buffer.AsMemory(0, count), _end.Token);
        }
    }
}
