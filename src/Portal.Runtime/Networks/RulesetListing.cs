using System.Text.RegularExpressions;

namespace Portal.Runtime.Networks;

/// <summary>Reads what nft prints about our table. No I/O.</summary>
internal static partial class RulesetListing
{
    /// <summary>Whether the maps hold these ports and no others.</summary>
    public static bool HasExactly(string listing, IEnumerable<PortRule> ports)
    {
        var expected = ports.Select(p => Numbered(p.Element)).ToHashSet(StringComparer.Ordinal);
        var found = Element().Matches(listing).Select(m => Numbered(m.Value)).ToHashSet(StringComparer.Ordinal);
        return expected.SetEquals(found);
    }

    // Depending on its version nft prints protocols of a concatenation by name or by number.
    private static string Numbered(string element) => element
        .Replace("sctp .", "132 .", StringComparison.Ordinal)
        .Replace("tcp .", "6 .", StringComparison.Ordinal)
        .Replace("udp .", "17 .", StringComparison.Ordinal);

    // An element of a map, or one of a set: address, protocol and port.
    [GeneratedRegex(@"(?:[0-9a-f.:]*[.:][0-9a-f.:]+ \. )?\w+ \. \d+ : [0-9a-f.:]+ \. \d+|[0-9a-f.:]*[.:][0-9a-f.:]+ \. \w+ \. \d+(?! :)")]
    private static partial Regex Element();
}
