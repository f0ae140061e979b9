using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Portal.Runtime.Linux.Netlink;

/// <summary>
/// One netlink request under construction: header (linux/netlink.h <c>nlmsghdr</c>), a family header, attributes padded to
/// four bytes. Everything is in the machine's byte order unless said otherwise.
/// </summary>
internal sealed class NetlinkMessage
{
    public const int HeaderSize = 16;

    /// <summary>Flag in the type of an attribute that holds attributes; newer families insist on it.</summary>
    public const ushort Nested = 0x8000;
    public const ushort Request = 1;
    public const ushort Ack = 4;
    public const ushort Replace = 0x100;
    public const ushort Exclusive = 0x200;
    public const ushort Dump = 0x300;
    public const ushort Create = 0x400;

    private byte[] _buffer = new byte[256];

    public NetlinkMessage(ushort type, ushort flags)
    {
        Length = HeaderSize;
        MemoryMarshal.Write(_buffer.AsSpan(4), in type);
        MemoryMarshal.Write(_buffer.AsSpan(6), in flags);
    }

    /// <summary>Bytes used.</summary>
    public int Length { get; private set; }

    /// <summary>Appends a family header or a nested one.</summary>
    public NetlinkMessage Put<T>(T header) where T : unmanaged
    {
        var size = Marshal.SizeOf<T>();
        MemoryMarshal.Write(Grow(Align(size)), in header);
        return this;
    }

    public NetlinkMessage Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        var size = (ushort)(4 + value.Length);
        var span = Grow(Align(size));
        MemoryMarshal.Write(span, in size);
        MemoryMarshal.Write(span[2..], in type);
        value.CopyTo(span[4..]);
        return this;
    }

    public NetlinkMessage Attribute(ushort type, int value) => Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    /// <summary>Text with its terminating zero.</summary>
    public NetlinkMessage Attribute(ushort type, string value) => Attribute(type, Encoding.UTF8.GetBytes(value + '\0'));

    public NetlinkMessage Attribute(ushort type, IPAddress value) => Attribute(type, value.GetAddressBytes());

    /// <summary>An attribute whose value is what <paramref name="content"/> appends.</summary>
    public NetlinkMessage Nest(ushort type, Action<NetlinkMessage> content)
    {
        var start = Length;
        Attribute(type, []);
        content(this);
        var size = (ushort)(Length - start);
        MemoryMarshal.Write(_buffer.AsSpan(start), in size);
        return this;
    }

    /// <summary>The finished bytes under the given sequence number.</summary>
    public byte[] ToArray(uint sequence)
    {
        var length = (uint)Length;
        MemoryMarshal.Write(_buffer, in length);
        MemoryMarshal.Write(_buffer.AsSpan(8), in sequence);
        return _buffer[..Length];
    }

    public static int Align(int size) => (size + 3) & ~3;

    private Span<byte> Grow(int size)
    {
        if (Length + size > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + size));
        }

        var span = _buffer.AsSpan(Length, size);
        Length += size;
        return span;
    }

    /// <summary>struct ifinfomsg</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct LinkHeader
    {
        public byte Family;
        public byte Pad;
        public ushort Type;
        public int Index;
        public uint Flags;
        public uint Change;
    }

    /// <summary>struct ifaddrmsg</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct AddressHeader
    {
        public byte Family;
        public byte PrefixLength;
        public byte Flags;
        public byte Scope;
        public int Index;
    }

    /// <summary>struct rtmsg</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct RouteHeader
    {
        public byte Family;
        public byte DestinationLength;
        public byte SourceLength;
        public byte Tos;
        public byte Table;
        public byte Protocol;
        public byte Scope;
        public byte Type;
        public uint Flags;
    }

    /// <summary>struct nfgenmsg; the resource id is in network byte order.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct NetfilterHeader
    {
        public byte Family;
        public byte Version;
        public ushort Resource;
    }
}
