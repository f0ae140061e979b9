using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Portal.Domain.Access.Docker;

/// <summary>The query of a request to an engine. The engine is sent what was read, not what came.</summary>
/// <param name="Pairs">Names and values, in their order.</param>
public sealed record DockerQuery(ImmutableArray<(string Name, string Value)> Pairs)
{
    private const int Most = 1000;

    /// <summary>No query.</summary>
    public static DockerQuery None { get; } = new([]);

    /// <summary>Reads a query without its question mark; false for what could be read in two ways.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DockerQuery? query)
    {
        query = null;

        // A semicolon once parted pairs, and for some still does.
        if (text.Contains(';', StringComparison.Ordinal) || !IsEncoded(text))
        {
            return false;
        }

        var pairs = text.Split('&', StringSplitOptions.RemoveEmptyEntries);
        if (pairs.Length > Most)
        {
            return false;
        }

        query = new([.. pairs.Select(pair => pair.Split('=', 2)).Select(pair => (Decode(pair[0]), pair.Length == 2 ? Decode(pair[1]) : ""))]);
        return true;
    }

    /// <summary>The first value that is not empty; null for none.</summary>
    public string? First(string name) => Pairs.FirstOrDefault(pair => pair.Name == name) is (not null, { Length: > 0 } value) ? value : null;

    /// <summary>All values that are not empty.</summary>
    public IEnumerable<string> All(string name) => Pairs.Where(pair => pair.Name == name && pair.Value.Length > 0).Select(pair => pair.Value);

    /// <summary>The query as it is sent on.</summary>
    public override string ToString() => string.Join('&', Pairs.Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value)}"));

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static bool IsEncoded(string text)
    {
        for (var at = text.IndexOf('%', StringComparison.Ordinal); at >= 0; at = text.IndexOf('%', at + 1))
        {
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2]))
            {
                return false;
            }
        }

        return true;
    }
}
