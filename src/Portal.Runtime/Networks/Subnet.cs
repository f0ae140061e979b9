using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Portal.Runtime.Networks;

/// <summary>A subnet of either family. No I/O.</summary>
internal readonly record struct Subnet
{
    private readonly UInt128 _network;

    /// <summary>The subnet that an address lies in.</summary>
    public Subnet(IPAddress address, int prefixLength)
    {
        IsIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        PrefixLength = prefixLength;
        _network = ToNumber(address) & ~HostMask;
    }

    private Subnet(UInt128 network, int prefixLength, bool isIPv6) => (_network, PrefixLength, IsIPv6) = (network, prefixLength, isIPv6);

    public bool IsIPv6 { get; }

    public int PrefixLength { get; }

    /// <summary>Of an address of this family.</summary>
    public int Bits => IsIPv6 ? 128 : 32;

    /// <summary>The address without host bits.</summary>
    public IPAddress Network => At(0);

    /// <summary>The highest address; the broadcast address of IPv4.</summary>
    public IPAddress Last => At(HostMask);

    /// <summary>Addresses in all, less one.</summary>
    public UInt128 LastOffset => HostMask;

    private UInt128 HostMask => PrefixLength == 0 && Bits == 128 ? UInt128.MaxValue : (UInt128.One << (Bits - PrefixLength)) - 1;

    /// <summary>Reads CIDR form without host bits.</summary>
    /// <exception cref="FormatException">It is not such a subnet.</exception>
    public static Subnet Parse(string cidr) => TryParse(cidr, out var subnet, out var hasHostBits)
        ? hasHostBits ? throw new FormatException($"'{cidr}' has bits set behind its prefix.") : subnet
        : throw new FormatException($"'{cidr}' is not a subnet.");

    /// <summary>Reads CIDR form.</summary>
    /// <param name="cidr">For instance <c>10.1.0.0/16</c>.</param>
    /// <param name="subnet">Without host bits.</param>
    /// <param name="hasHostBits">There were some.</param>
    public static bool TryParse(string? cidr, out Subnet subnet, out bool hasHostBits)
    {
        (subnet, hasHostBits) = (default, false);
        var slash = cidr?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 0 || !TryParseAddress(cidr![..slash], out var address)
            || !int.TryParse(cidr.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
            || prefix > (address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32))
        {
            return false;
        }

        subnet = new(address, prefix);
        hasHostBits = !subnet.Network.Equals(address);
        return true;
    }

    /// <summary>Reads an address in its usual form: four numbers, or IPv6 without a zone.</summary>
    public static bool TryParseAddress(string? text, out IPAddress address)
    {
        if (IPAddress.TryParse(text, out var parsed) && !text!.Contains('%', StringComparison.Ordinal)
            && (parsed.AddressFamily == AddressFamily.InterNetworkV6 ? !text.Contains('[', StringComparison.Ordinal) : text.Count(c => c == '.') == 3))
        {
            address = parsed;
            return true;
        }

        address = IPAddress.None;
        return false;
    }

    /// <summary>The address at an offset from the first.</summary>
    public IPAddress At(UInt128 offset)
    {
        var value = _network + offset;
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new(IsIPv6 ? bytes : bytes[12..]);
    }

    /// <summary>The offset of an address; null when it lies outside.</summary>
    public UInt128? OffsetOf(IPAddress address) => Contains(address) ? ToNumber(address) - _network : null;

    public bool Contains(IPAddress address) =>
        IsIPv6 == (address.AddressFamily == AddressFamily.InterNetworkV6) && (ToNumber(address) & ~HostMask) == _network;

    /// <summary>Whether all of the other is in this one.</summary>
    public bool Contains(Subnet other) => IsIPv6 == other.IsIPv6 && PrefixLength <= other.PrefixLength && (other._network & ~HostMask) == _network;

    /// <summary>Whether the two have an address in common.</summary>
    public bool Overlaps(Subnet other) => Contains(other) || other.Contains(this);

    /// <summary>The subnet of the given size that follows this one at a distance; null past the end of all addresses.</summary>
    /// <param name="index">0 is the one that begins where this one does.</param>
    /// <param name="prefixLength">Its size.</param>
    public Subnet? Part(UInt128 index, int prefixLength)
    {
        var size = UInt128.One << (Bits - prefixLength);
        return prefixLength < PrefixLength || index > HostMask / size ? null : new(_network + (index * size), prefixLength, IsIPv6);
    }

    /// <summary>The address as a number; of IPv4 the lowest 32 bits.</summary>
    public static UInt128 ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        _ = address.TryWriteBytes(address.AddressFamily == AddressFamily.InterNetworkV6 ? bytes : bytes[12..], out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Network}/{PrefixLength}");
}
