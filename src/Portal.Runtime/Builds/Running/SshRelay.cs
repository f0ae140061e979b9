using System.Net.Sockets;

namespace Portal.Runtime.Builds.Running;

/// <summary>A socket in a step's container, whose connections lead to the SSH agent that the client forwards.</summary>
internal sealed class SshRelay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    /// <param name="path">Where the socket is made.</param>
    /// <param name="id">Which agent.</param>
    /// <param name="agents">The client's.</param>
    public SshRelay(string path, string id, IBuildSshAgents agents)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(16);
        _accepting = AcceptAsync(id, agents);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync(string id, IBuildSshAgents agents)
    {
        while (!_end.IsCancellationRequested)
        {
            var connection = await _listener.AcceptAsync(_end.Token).ConfigureAwait(false);
            _ = RelayAsync(connection, id, agents);
        }
    }

    private async Task RelayAsync(Socket connection, string id, IBuildSshAgents agents)
    {
        try
        {
            using var inside = new NetworkStream(connection, ownsSocket: true);
            using var outside = await agents.ConnectAsync(id, _end.Token).ConfigureAwait(false);
            await Task.WhenAny(inside.CopyToAsync(outside, _end.Token), outside.CopyToAsync(inside, _end.Token)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or Domain.Primitives.ErrorException)
        {
            // The program in the container sees its connection closed.
        }
    }
}
