using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Networks;

/// <summary>
/// Keeps every other process off a published port, and finds out whether one has it already. The socket serves nothing:
/// traffic is translated before it gets here, and what does get here while the rules are missing is dropped, so that a
/// client tries again instead of talking to nobody. Only connections to ::1 are never translated: they may be relayed.
/// </summary>
internal sealed class PortHold : IDisposable
{
    private readonly SafeFileHandle _socket;
    private readonly bool _hasLoopback;
    private LoopbackRelay? _relay;

    private PortHold(SafeFileHandle socket, bool hasLoopback) => (_socket, _hasLoopback) = (socket, hasLoopback);

    /// <summary>Takes the port; null for protocols that are reserved in the table only.</summary>
    /// <exception cref="LinuxException">EADDRINUSE: another process has it; EADDRNOTAVAIL (99): not an address of this host.</exception>
    public static PortHold? Take(string protocol, IPAddress address, int port)
    {
        if (protocol is not ("tcp" or "udp"))
        {
            return null;
        }

        var subject = $"{new IPEndPoint(address, port)}/{protocol}";
        var isTcp = protocol == "tcp";
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var hasLoopback = isTcp && (address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.IPv6Loopback));
        var socket = Libc.OpenSocket(isIPv6 ? Libc.AfInet6 : Libc.AfInet, isTcp ? Libc.SockStream : Libc.SockDatagram, 0, subject);
        try
        {
            if (hasLoopback)
            {
                Libc.DropAllButLoopback(socket, subject);
            }
            else
            {
                Libc.DropAllPackets(socket, subject);
            }

            if (isTcp)
            {
                // Connections of a process that is gone may linger for a minute; listening still excludes live ones.
                Libc.SetSocketOption(socket, Libc.SolSocket, Libc.SoReuseAddress, 1, subject);
            }

            if (isIPv6)
            {
                Libc.SetSocketOption(socket, Libc.SolIPv6, Libc.IPv6Only, 1, subject);
            }

            // struct sockaddr_in and sockaddr_in6: family in the machine's order, port in the network's; the latter has a flow before its address.
            var name = new byte[isIPv6 ? 28 : 16];
            BitConverter.TryWriteBytes(name, (ushort)(isIPv6 ? Libc.AfInet6 : Libc.AfInet));
            BinaryPrimitives.WriteUInt16BigEndian(name.AsSpan(2), (ushort)port);
            address.TryWriteBytes(name.AsSpan(isIPv6 ? 8 : 4), out _);
            Libc.BindSocket(socket, name, subject);
            if (isTcp)
            {
                Libc.ListenSocket(socket, subject);
            }

            return new(socket, hasLoopback);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Leads connections to ::1 to a container, from now on to this one; nothing to do for a port that is not at ::1.</summary>
    public void Relay(IPEndPoint container, SemaphoreSlim room)
    {
        if (!_hasLoopback)
        {
            return;
        }

        if (_relay is not null)
        {
            _relay.Container = container;
            return;
        }

        var socket = new Socket(new SafeSocketHandle(_socket.DangerousGetHandle(), ownsHandle: true));
        _socket.SetHandleAsInvalid();
        socket.Listen(128);
        _relay = new(socket, container, room);
    }

    public void Dispose()
    {
        _relay?.Dispose();
        _socket.Dispose();
    }
}
