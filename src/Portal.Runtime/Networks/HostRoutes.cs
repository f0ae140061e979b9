using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Numerics;

namespace Portal.Runtime.Networks;

/// <summary>A route of the host.</summary>
/// <param name="Link">The link it leads to.</param>
/// <param name="Subnet">What it is for.</param>
internal readonly record struct HostRoute(string Link, Subnet Subnet);

/// <summary>The host's routes, as <c>/proc/net/route</c> and <c>/proc/net/ipv6_route</c> list them. No I/O.</summary>
internal static class HostRoutes
{
    /// <summary>The link of the first default route; null when there is none.</summary>
    public static string? DefaultLink(IReadOnlyList<HostRoute> routes) =>
        routes.Where(r => r.Subnet is { PrefixLength: 0, IsIPv6: false }).Select(r => r.Link).FirstOrDefault();

    /// <summary>The first route that the subnet has addresses in common with; null when there is none.</summary>
    /// <param name="routes">Of the host.</param>
    /// <param name="subnet">A subnet about to be used.</param>
    /// <param name="ownLinks">Links whose routes do not count.</param>
    public static HostRoute? FindOverlap(IReadOnlyList<HostRoute> routes, Subnet subnet, params IReadOnlyCollection<string> ownLinks)
    {
        foreach (var route in routes)
        {
            if (!IsForEverything(route) && !ownLinks.Contains(route.Link) && route.Subnet.Overlaps(subnet))
            {
                return route;
            }
        }

        return null;
    }

    /// <summary>The first route that the subnet would take all traffic from; null when there is none.</summary>
    public static HostRoute? FindTaken(IReadOnlyList<HostRoute> routes, Subnet subnet, params IReadOnlyCollection<string> ownLinks)
    {
        foreach (var route in routes)
        {
            if (!IsForEverything(route) && !ownLinks.Contains(route.Link) && subnet.Contains(route.Subnet))
            {
                return route;
            }
        }

        return null;
    }

    /// <summary>Reads <c>/proc/net/route</c>.</summary>
    public static IEnumerable<HostRoute> ParseIPv4(string text)
    {
        // Iface Destination Gateway Flags RefCnt Use Metric Mask …; numbers are in network order read as host order.
        foreach (var line in text.Split('\n').Skip(1))
        {
            var fields = line.Split('\t', StringSplitOptions.TrimEntries);
            if (fields.Length > 7
                && uint.TryParse(fields[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var destination)
                && uint.TryParse(fields[7], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask))
            {
                var bytes = new byte[4];
                BinaryPrimitives.WriteUInt32BigEndian(bytes, BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(destination) : destination);
                yield return new(fields[0], new(new IPAddress(bytes), BitOperations.PopCount(mask)));
            }
        }
    }

    /// <summary>Reads <c>/proc/net/ipv6_route</c>.</summary>
    public static IEnumerable<HostRoute> ParseIPv6(string text)
    {
        // destination, its prefix, source, its prefix, next hop, metric, references, use, flags, link.
        foreach (var line in text.Split('\n'))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (fields.Length == 10 && fields[0].Length == 32
                && int.TryParse(fields[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var prefix)
                && uint.TryParse(fields[8], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var flags)
                && (flags & Rejecting) == 0)
            {
                var address = new IPAddress(Convert.FromHexString(fields[0]));
                if (!address.IsIPv6LinkLocal && !address.IsIPv6Multicast)
                {
                    yield return new(fields[9], new(address, prefix));
                }
            }
        }
    }

    // RTF_REJECT.
    private const uint Rejecting = 0x200;

    // Routes for half the internet, as VPNs lay them, are defaults in disguise.
    private static bool IsForEverything(HostRoute route) => route.Subnet.PrefixLength < 4;
}
