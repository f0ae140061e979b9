using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace Portal.Runtime.Networks;

/// <summary>An IPv4 subnet. The first address is the gateway's, the last the broadcast's.</summary>
internal readonly record struct Ipv4Subnet
{
    private readonly uint _network;

    /// <summary>The subnet of a network number without host bits.</summary>
    public Ipv4Subnet(uint network, int prefixLength) => (_network, PrefixLength) = (network, prefixLength);

    public int PrefixLength { get; }

    /// <summary>Addresses in all, with network and broadcast address.</summary>
    public int Size => 1 << (32 - PrefixLength);

    public IPAddress Gateway => At(1);

    public IPAddress Broadcast => At(Size - 1);

    /// <summary>Reads CIDR form. Between /8 and /30, and without host bits.</summary>
    /// <exception cref="FormatException">It is not such a subnet.</exception>
    public static Ipv4Subnet Parse(string cidr)
    {
        var slash = cidr.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(cidr.AsSpan(0, slash), out var address) || address.GetAddressBytes() is not { Length: 4 } bytes
            || !int.TryParse(cidr.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) || prefix is < 8 or > 30)
        {
            throw new FormatException($"'{cidr}' is not an IPv4 subnet between /8 and /30.");
        }

        var network = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var subnet = new Ipv4Subnet(network, prefix);
        return (network & (uint)(subnet.Size - 1)) == 0 ? subnet : throw new FormatException($"'{cidr}' has bits set behind its prefix.");
    }

    /// <summary>The address at an offset from the network address.</summary>
    public IPAddress At(int offset)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, _network + (uint)offset);
        return new(bytes);
    }

    /// <summary>The offset of an address; -1 when it lies outside.</summary>
    public int OffsetOf(IPAddress address)
    {
        var offset = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) - _network;
        return offset < (uint)Size ? (int)offset : -1;
    }

    /// <summary>Whether the two have an address in common.</summary>
    public bool Overlaps(Ipv4Subnet other)
    {
        var mask = uint.MaxValue << (32 - Math.Min(PrefixLength, other.PrefixLength));
        return (_network & mask) == (other._network & mask);
    }

    /// <summary>02:42 and the address: unique on the link, and the same after a restart.</summary>
    public static PhysicalAddress MacOf(IPAddress address) => new([0x02, 0x42, .. address.GetAddressBytes()]);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At(0)}/{PrefixLength}");
}
