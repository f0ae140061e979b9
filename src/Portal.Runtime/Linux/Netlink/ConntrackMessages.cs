using System.Buffers.Binary;

namespace Portal.Runtime.Linux.Netlink;

/// <summary>Requests of ctnetlink (linux/netfilter/nfnetlink_conntrack.h) for IPv4 as bytes, and flows read back. No I/O.</summary>
internal static class ConntrackMessages
{
    private const ushort NewType = 1 << 8;
    private const ushort ListType = (1 << 8) | 1;
    private const ushort DeleteType = (1 << 8) | 2;
    private const ushort Original = 1;
    private const ushort TupleProtocol = 2;
    private const ushort ProtocolNumber = 1;
    private const ushort DestinationPort = 3;
    private const ushort Filter = 25;
    private const ushort FilterOriginal = 1;
    private const ushort FilterReply = 2;
    private const int ByProtocol = 1 << 3;

    /// <summary>Lists the flows of a protocol. Kernels before 5.8 ignore the filter and list every flow.</summary>
    public static NetlinkMessage List(byte protocol) =>
        new NetlinkMessage(ListType, NetlinkMessage.Request | NetlinkMessage.Dump)
            .Put(new NetlinkMessage.NetfilterHeader { Family = Libc.AfInet })
            .Nest(Original | NetlinkMessage.Nested, tuple => tuple
                .Nest(TupleProtocol | NetlinkMessage.Nested, p => p.Attribute(ProtocolNumber, [protocol])))
            .Nest(Filter | NetlinkMessage.Nested, filter => filter
                .Attribute(FilterOriginal, ByProtocol)
                .Attribute(FilterReply, 0));

    /// <summary>Forgets the flow of this original direction, as <see cref="ReadOriginal"/> gave it.</summary>
    public static NetlinkMessage Delete(byte[] original) =>
        new NetlinkMessage(DeleteType, NetlinkMessage.Request | NetlinkMessage.Ack)
            .Put(new NetlinkMessage.NetfilterHeader { Family = Libc.AfInet })
            .Attribute(Original | NetlinkMessage.Nested, original);

    /// <summary>The original direction of a listed flow, if it is one to any of these ports; null otherwise.</summary>
    public static byte[]? ReadOriginal(NetlinkReply reply, byte protocol, IReadOnlySet<int> ports)
    {
        if (reply.Type != NewType)
        {
            return null;
        }

        foreach (var attribute in NetlinkReply.Attributes(reply.Payload, 4))
        {
            if (attribute.Type == Original)
            {
                return IsTo(attribute.Value, protocol, ports) ? attribute.Value.ToArray() : null;
            }
        }

        return null;
    }

    private static bool IsTo(ReadOnlySpan<byte> tuple, byte protocol, IReadOnlySet<int> ports)
    {
        var (isProtocol, isPort) = (false, false);
        foreach (var part in NetlinkReply.Attributes(tuple, 0))
        {
            if (part.Type != TupleProtocol)
            {
                continue;
            }

            foreach (var field in NetlinkReply.Attributes(part.Value, 0))
            {
                isProtocol |= field.Type == ProtocolNumber && field.Value.Length > 0 && field.Value[0] == protocol;
                isPort |= field.Type == DestinationPort && field.Value.Length > 1 && ports.Contains(BinaryPrimitives.ReadUInt16BigEndian(field.Value));
            }
        }

        return isProtocol && isPort;
    }
}
