using System.Buffers;
using System.Net.Sockets;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Supervision;

/// <summary>
/// The connection to conmon's attach socket: the only one a container ever has, because conmon writes to its clients with
/// blocking writes, and one that does not read freezes the container. Reads until conmon closes it, whoever listens.
/// </summary>
/// <remarks>
/// The socket keeps message boundaries. From conmon: one byte that names the pipe (2 stdout, 3 stderr; conmon's
/// <c>stdpipe_t</c>), then data. To conmon: raw bytes of stdin; an empty message would be taken for the end.
/// </remarks>
internal sealed class AttachSocket : IDisposable
{
    // conmon reads at most 32 KiB of one message and sends at most 8 KiB + 1.
    private const int SendSize = 16 * 1024, ReceiveSize = 16 * 1024;

    private readonly Socket _socket;
    private readonly SemaphoreSlim _sending = new(1, 1);

    private AttachSocket(Socket socket, StdioFanOut output)
    {
        _socket = socket;
        Drained = DrainAsync(output);
    }

    /// <summary>Completes when conmon has closed the connection and everything it sent was handed on.</summary>
    public Task Drained { get; }

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static AttachSocket Connect(BundlePaths bundle, StdioFanOut output)
    {
        // Through the folder's descriptor: sun_path holds 107 bytes only.
        using var folder = DescriptorPassing.OpenFolder(bundle.Folder);
        var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint($"/proc/self/fd/{folder.DangerousGetHandle()}/attach"));
            return new(socket, output);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends bytes to the container's stdin; waits while conmon cannot take them. Ignored once the container is gone.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        await _sending.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            while (!data.IsEmpty)
            {
                var piece = data[..Math.Min(data.Length, SendSize)];
                await _socket.SendAsync(piece, SocketFlags.None, ct).ConfigureAwait(false);
                data = data[piece.Length..];
            }
        }
        catch (SocketException)
        {
            // The container has ended; its input goes nowhere.
        }
        catch (ObjectDisposedException)
        {
            // As above.
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Ends stdin. Output goes on.</summary>
    public async ValueTask CloseInputAsync(CancellationToken ct)
    {
        await _sending.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Ended already.
        }
        catch (ObjectDisposedException)
        {
            // Ended already.
        }
        finally
        {
            _sending.Release();
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task DrainAsync(StdioFanOut output)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReceiveSize);
        try
        {
            while (true)
            {
                var count = await _socket.ReceiveAsync(buffer.AsMemory(0, ReceiveSize), SocketFlags.None).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }

                if (count > 1)
                {
                    var stream = buffer[0] == 3 ? StdioStream.Stderr : StdioStream.Stdout;
                    await output.PublishAsync(stream, buffer.AsMemory(1, count - 1)).ConfigureAwait(false);
                }
            }
        }
        catch (SocketException)
        {
            // conmon was killed: nothing more to read.
        }
        catch (ObjectDisposedException)
        {
            // Given up from this side.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
