using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Portal.Runtime.Registries;

/// <summary>
/// Where a registry may send us: not to addresses that only this machine reaches, such as services that listen on loopback or a cloud's metadata,
/// unless the registry is there itself. Looked at once the name is resolved, so that a name which changes its address does not help.
/// </summary>
internal static class AddressPolicy
{
    /// <summary>Where clouds tell a machine its secrets, beside the link-local addresses.</summary>
    private static readonly IPAddress[] s_metadata = [IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("100.100.100.200"), IPAddress.Parse("168.63.129.16")];

    /// <summary>True when a registry may send us there.</summary>
    /// <param name="registry">Address of the registry; null where a proxy knows it alone.</param>
    /// <param name="target">Where it sends us.</param>
    /// <param name="own">This machine's addresses.</param>
    public static bool Allows(IPAddress? registry, IPAddress target, IReadOnlySet<IPAddress> own)
    {
        (registry, target) = (registry is null ? null : Plain(registry), Plain(target));
        if (target.Equals(registry))
        {
            return true;
        }

        var isHere = registry is not null && IPAddress.IsLoopback(registry);
        if (IPAddress.IsLoopback(target))
        {
            return isHere;
        }

        return !IsUnspecified(target) && !IsLinkLocal(target) && !IsMulticast(target) && !s_metadata.Contains(target)
            && (!own.Contains(target) || isHere || (registry is not null && own.Contains(registry)));
    }

    /// <summary>The addresses of this machine's links.</summary>
    public static IReadOnlySet<IPAddress> OwnAddresses()
    {
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces().SelectMany(n => n.GetIPProperties().UnicastAddresses).Select(a => Plain(a.Address)).ToHashSet();
        }
        catch (NetworkInformationException)
        {
            return new HashSet<IPAddress>();
        }
    }

    /// <summary>The IPv4 address where one is hidden in an IPv6 address; without a scope.</summary>
    private static IPAddress Plain(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        var bytes = address.GetAddressBytes();
        // NAT64 (RFC 6052), 6to4 (RFC 3056), and the long deprecated compatible form.
        return bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) ? new IPAddress(bytes.AsSpan(12))
            : bytes is [0x20, 0x02, ..] ? new IPAddress(bytes.AsSpan(2, 4))
            : bytes.AsSpan(0, 12).IndexOfAnyExcept((byte)0) < 0 && bytes.AsSpan(12).IndexOfAnyExcept((byte)0) is >= 0 and < 3 ? new IPAddress(bytes.AsSpan(12))
            : new IPAddress(bytes);
    }

    private static bool IsUnspecified(IPAddress address) => address.Equals(IPAddress.IPv6Any) || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] == 0);

    private static bool IsLinkLocal(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? address.IsIPv6LinkLocal || address.IsIPv6SiteLocal
        : address.GetAddressBytes() is [169, 254, ..];

    private static bool IsMulticast(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6Multicast : address.GetAddressBytes()[0] >= 224;
}
