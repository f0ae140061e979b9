using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux.Netlink;

/// <summary>
/// A netlink socket. It belongs to the network namespace of the thread that opened it, whichever thread uses it later.
/// One request at a time.
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SafeFileHandle _socket;
    private byte[] _buffer = new byte[16 * 1024];
    private uint _sequence;

    public NetlinkSocket(int protocol)
    {
        _socket = Libc.OpenSocket(Libc.AfNetlink, Libc.SockRaw, protocol, "netlink");
        Libc.SetSocketOption(_socket, Libc.SolNetlink, Libc.NetlinkCapAck, 1, "netlink");
        Libc.SetSocketOption(_socket, Libc.SolNetlink, Libc.NetlinkExtAck, 1, "netlink");
    }

    /// <summary>Receives one message of an answer.</summary>
    public delegate void Visitor(NetlinkReply reply);

    /// <summary>Sends and waits for the acknowledgement or the end of the dump.</summary>
    /// <param name="message">Must ask for an acknowledgement or a dump.</param>
    /// <param name="call">For the error: the request in words, <c>RTM_NEWLINK</c>.</param>
    /// <param name="subject">For the error: what it acts on.</param>
    /// <param name="visitor">Gets every answer before the last.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Exchange(NetlinkMessage message, string call, string subject, Visitor? visitor = null)
    {
        lock (_gate)
        {
            var sequence = ++_sequence;
            Libc.SendAll(_socket, message.ToArray(sequence), message.Length, subject);
            while (true)
            {
                var size = Libc.ReceiveDatagram(_socket, ref _buffer, subject);
                ReadOnlySpan<byte> datagram = _buffer.AsSpan(0, size);
                while (NetlinkReply.TryTake(ref datagram, out var reply))
                {
                    if (reply.Sequence != sequence)
                    {
                        continue;
                    }

                    if (reply.IsAck || reply.IsDone)
                    {
                        if (reply.Errno != 0)
                        {
                            throw new LinuxException(call, reply.Explanation is { } why ? $"{subject} ({why})" : subject, reply.Errno);
                        }

                        return;
                    }

                    visitor?.Invoke(reply);
                }
            }
        }
    }

    public void Dispose() => _socket.Dispose();
}
