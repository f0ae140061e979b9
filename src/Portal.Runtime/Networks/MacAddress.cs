using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;

namespace Portal.Runtime.Networks;

/// <summary>Hardware addresses of links. Pure but for chance.</summary>
internal static class MacAddress
{
    /// <summary>02:42 and the address: unique on the link, and the same after a restart. Of IPv6 alone, by chance.</summary>
    public static PhysicalAddress For(IPAddress? ipv4) =>
        ipv4 is null ? new([0x02, 0x42, .. RandomNumberGenerator.GetBytes(4)]) : new([0x02, 0x42, .. ipv4.GetAddressBytes()]);

    /// <summary>As people write it.</summary>
    public static string Format(PhysicalAddress mac) => string.Join(':', mac.GetAddressBytes().Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));

    /// <summary>Reads six bytes, separated by colons or hyphens; null when it is none that one link can have.</summary>
    public static PhysicalAddress? TryParse(string text)
    {
        var parts = text.Split(text.Contains('-', StringComparison.Ordinal) ? '-' : ':');
        var bytes = new byte[6];
        if (parts.Length != bytes.Length)
        {
            return null;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            if (parts[i].Length != 2 || !byte.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[i]))
            {
                return null;
            }
        }

        // The lowest bit is that of groups, and nobody is called zero.
        return (bytes[0] & 1) == 0 && bytes.Any(b => b != 0) ? new(bytes) : null;
    }
}
