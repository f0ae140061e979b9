using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Networks;

/// <summary>
/// Leads connections to <c>[::1]:port</c> to a container. All else gets there by the kernel's rules, but the kernel takes no answer from
/// outside for ::1, and to a container without IPv6 there is nothing to translate. An idle connection costs two sockets and no buffer.
/// </summary>
internal sealed class LoopbackRelay : IDisposable
{
    /// <summary>How many connections all relays together may have, each with two files: whoever is on this host must not take the agent's last one.</summary>
    public static int MaximumConnections { get; } =
        (int)Math.Clamp(OciHost.ParseHardLimits(File.ReadLines("/proc/self/limits")).GetValueOrDefault("nofile", 1024UL) / 16, 8, 512);

    private const int BufferSize = 64 * 1024;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly SemaphoreSlim _room;
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Begins.</summary>
    /// <param name="listener">Bound and listening; the relay's from here on.</param>
    /// <param name="container">Where to.</param>
    /// <param name="room">How many connections there may be yet.</param>
    public LoopbackRelay(Socket listener, IPEndPoint container, SemaphoreSlim room)
    {
        (_listener, Container, _room) = (listener, container, room);
        _ = AcceptAsync(_stopping.Token);
    }

    /// <summary>Where to. Connections that there are stay where they are.</summary>
    public IPEndPoint Container { get; set; }

    /// <summary>Ends, with every connection.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(ct).ConfigureAwait(false);
                if (_room.Wait(TimeSpan.Zero, CancellationToken.None))
                {
                    _ = RelayAsync(client, ct);
                }
                else
                {
                    client.Close(0);
                }
            }
            catch (Exception e) when (ct.IsCancellationRequested || e is ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that was gone at once, or no descriptor left: the latter would fail again at once.
                await Task.Delay(s_pause, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task RelayAsync(Socket client, CancellationToken ct)
    {
        try
        {
            var container = Container;
            using var server = new Socket(container.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(container, ct).ConfigureAwait(false);
                await Task.WhenAll(CopyAsync(client, server, ct), CopyAsync(server, client, ct)).ConfigureAwait(false);
                client.Dispose();
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                Break(client, server);
            }
        }
        catch (SocketException)
        {
            client.Close(0);
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>One direction, to its end; what breaks it breaks the other one too.</summary>
    private static async Task CopyAsync(Socket from, Socket to, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                // Without a buffer until there is something to put into it.
                await from.ReceiveAsync(Memory<byte>.Empty, ct).ConfigureAwait(false);
                var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                try
                {
                    var size = await from.ReceiveAsync(buffer, ct).ConfigureAwait(false);
                    if (size == 0)
                    {
                        to.Shutdown(SocketShutdown.Send);
                        return;
                    }

                    for (var sent = 0; sent < size;)
                    {
                        sent += await to.SendAsync(buffer.AsMemory(sent, size - sent), ct).ConfigureAwait(false);
                    }
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch
        {
            Break(from, to);
            throw;
        }
    }

    /// <summary>Both sides see that it was no end: they get a reset.</summary>
    private static void Break(Socket one, Socket other)
    {
        one.Close(0);
        other.Close(0);
    }
}
