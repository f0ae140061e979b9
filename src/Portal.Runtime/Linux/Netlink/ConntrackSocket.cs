namespace Portal.Runtime.Linux.Netlink;

/// <summary>The kernel's memory of flows, in the network namespace in which it was opened. Safe for concurrent use.</summary>
internal sealed class ConntrackSocket : IDisposable
{
    private const byte Udp = 17;
    private readonly NetlinkSocket _socket = new(Libc.NetlinkNetfilter);

    /// <summary>
    /// Forgets UDP flows to any of these ports. A client that keeps sending from one port keeps its flow, and with it the translation
    /// of its first packet, for ever; after a change of rules only a new flow sees them.
    /// </summary>
    public void ForgetUdp(IReadOnlySet<int> ports)
    {
        const string subject = "udp";
        List<byte[]> flows = [];
        _socket.Exchange(ConntrackMessages.List(Udp), "list flows", subject, reply =>
        {
            if (ConntrackMessages.ReadOriginal(reply, Udp, ports) is { } flow)
            {
                flows.Add(flow);
            }
        });
        foreach (var flow in flows)
        {
            try
            {
                _socket.Exchange(ConntrackMessages.Delete(flow), "delete flow", subject);
            }
            catch (LinuxException e) when (e.Errno == Errno.ENOENT)
            {
                // It ended by itself meanwhile.
            }
        }
    }

    public void Dispose() => _socket.Dispose();
}
