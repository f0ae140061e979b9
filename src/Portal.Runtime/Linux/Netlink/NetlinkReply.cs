using System.Runtime.InteropServices;
using System.Text;

namespace Portal.Runtime.Linux.Netlink;

/// <summary>One message received from the kernel, cut out of a datagram.</summary>
internal readonly ref struct NetlinkReply
{
    private const ushort ErrorType = 2;
    private const ushort DoneType = 3;
    private const ushort CappedFlag = 0x100;
    private const ushort ExtendedAckFlag = 0x200;
    private const ushort ExtendedMessage = 1;

    private NetlinkReply(ReadOnlySpan<byte> message)
    {
        Type = MemoryMarshal.Read<ushort>(message[4..]);
        Flags = MemoryMarshal.Read<ushort>(message[6..]);
        Sequence = MemoryMarshal.Read<uint>(message[8..]);
        Payload = message[NetlinkMessage.HeaderSize..];
    }

    public ushort Type { get; }

    public ushort Flags { get; }

    public uint Sequence { get; }

    /// <summary>What follows the netlink header.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>The last message of a dump.</summary>
    public bool IsDone => Type == DoneType;

    /// <summary>An acknowledgement: <see cref="Errno"/> is 0 for success.</summary>
    public bool IsAck => Type == ErrorType;

    /// <summary>The outcome of an acknowledgement or a finished dump.</summary>
    public Errno Errno => Payload.Length >= 4 ? (Errno)(-MemoryMarshal.Read<int>(Payload)) : default;

    /// <summary>What the kernel adds to an error in words (NETLINK_EXT_ACK); null without.</summary>
    public string? Explanation
    {
        get
        {
            if (!IsAck || (Flags & ExtendedAckFlag) == 0 || Payload.Length < 4 + NetlinkMessage.HeaderSize)
            {
                return null;
            }

            // The failed request's header follows the errno, and its body too unless capped.
            var echoed = (Flags & CappedFlag) != 0 ? NetlinkMessage.HeaderSize : NetlinkMessage.Align((int)MemoryMarshal.Read<uint>(Payload[4..]));
            foreach (var attribute in Attributes(Payload, 4 + echoed))
            {
                if (attribute.Type == ExtendedMessage)
                {
                    return attribute.Text;
                }
            }

            return null;
        }
    }

    /// <summary>Takes the next whole message off the datagram; false at its end or when the rest is malformed.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> datagram, out NetlinkReply reply)
    {
        reply = default;
        if (datagram.Length < NetlinkMessage.HeaderSize)
        {
            return false;
        }

        var length = MemoryMarshal.Read<uint>(datagram);
        if (length < NetlinkMessage.HeaderSize || length > datagram.Length)
        {
            return false;
        }

        reply = new(datagram[..(int)length]);
        datagram = datagram[Math.Min(datagram.Length, NetlinkMessage.Align((int)length))..];
        return true;
    }

    /// <summary>Walks attributes after a family header of the given size.</summary>
    public static AttributeWalk Attributes(ReadOnlySpan<byte> payload, int headerSize) =>
        new(payload.Length >= headerSize ? payload[headerSize..] : []);

    /// <summary>An attribute: type without flag bits, and value.</summary>
    public readonly ref struct NetlinkAttribute(ushort type, ReadOnlySpan<byte> value)
    {
        public ushort Type { get; } = type;

        public ReadOnlySpan<byte> Value { get; } = value;

        public int Number => Value.Length >= 4 ? MemoryMarshal.Read<int>(Value) : 0;

        public string Text => Encoding.UTF8.GetString(Value.TrimEnd((byte)0));
    }

    /// <summary>Enumerates attributes; stops at the first malformed one.</summary>
    public ref struct AttributeWalk(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public NetlinkAttribute Current { get; private set; }

        public readonly AttributeWalk GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.Length < 4)
            {
                return false;
            }

            var length = MemoryMarshal.Read<ushort>(_rest);
            if (length < 4 || length > _rest.Length)
            {
                return false;
            }

            Current = new((ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & 0x3fff), _rest[4..length]);
            _rest = _rest[Math.Min(_rest.Length, NetlinkMessage.Align(length))..];
            return true;
        }
    }
}
