using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Portal.Runtime.Networks;

/// <summary>The host's IPv4 routes, as <c>/proc/net/route</c> lists them. No I/O.</summary>
internal static class HostRoutes
{
    /// <summary>The link of the first default route; null when there is none.</summary>
    public static string? DefaultLink(string text) =>
        Parse(text).Where(r => r.Subnet.PrefixLength == 0).Select(r => r.Link).FirstOrDefault();

    /// <summary>The first route of another link that the subnet would take traffic from; null when there is none.</summary>
    public static (string Link, Ipv4Subnet Subnet)? FindOverlap(string text, Ipv4Subnet subnet, string ownLink)
    {
        // Routes for half the internet, as VPNs lay them, are defaults in disguise.
        foreach (var route in Parse(text))
        {
            if (route.Link != ownLink && route.Subnet.PrefixLength >= 4 && route.Subnet.Overlaps(subnet))
            {
                return route;
            }
        }

        return null;
    }

    private static IEnumerable<(string Link, Ipv4Subnet Subnet)> Parse(string text)
    {
        // Iface Destination Gateway Flags RefCnt Use Metric Mask …; numbers are in network order read as host order.
        foreach (var line in text.Split('\n').Skip(1))
        {
            var fields = line.Split('\t', StringSplitOptions.TrimEntries);
            if (fields.Length > 7
                && uint.TryParse(fields[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var destination)
                && uint.TryParse(fields[7], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask))
            {
                yield return (fields[0], new(
                    BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(destination) : destination, BitOperations.PopCount(mask)));
            }
        }
    }
}
