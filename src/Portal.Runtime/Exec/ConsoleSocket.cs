using System.Net.Sockets;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Exec;

/// <summary>Where an OCI runtime hands over the master side of a terminal it has made (<c>--console-socket</c>).</summary>
internal sealed class ConsoleSocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <param name="path">At most 107 bytes.</param>
    public ConsoleSocket(string path)
    {
        try
        {
            File.Delete(path);
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            _socket.Listen(1);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>The terminal; null when the runtime ended without one.</summary>
    /// <param name="ended">Completes when the runtime has ended.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<DescriptorStream?> AcceptAsync(Task ended, CancellationToken ct)
    {
        using var accepting = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var accept = _socket.AcceptAsync(accepting.Token).AsTask();
        if (await Task.WhenAny(accept, ended).ConfigureAwait(false) != accept)
        {
            await accepting.CancelAsync().ConfigureAwait(false);
            await ((Task)accept).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // A process that ran for a moment only: the connection may have come just before the runtime's end.
            if (!accept.IsCompletedSuccessfully)
            {
                return null;
            }
        }

        using var connection = await accept.ConfigureAwait(false);
        await connection.ReceiveAsync(Memory<byte>.Empty, ct).ConfigureAwait(false);
        var master = DescriptorPassing.Receive(connection);
        return master < 0 ? null : new(master);
    }

    public void Dispose() => _socket.Dispose();
}
