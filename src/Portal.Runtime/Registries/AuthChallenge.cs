using System.Text;

namespace Portal.Runtime.Registries;

/// <summary>One challenge of a <c>WWW-Authenticate</c> header (RFC 9110, 11.6.1). Pure.</summary>
/// <param name="Scheme">Lower case: <c>basic</c>, <c>bearer</c>.</param>
/// <param name="Parameters">By name in lower case.</param>
internal sealed record AuthChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    private const int MaximumLength = 8 * 1024;

    /// <summary>A parameter; null when absent or empty.</summary>
    public string? this[string name] => Parameters.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>Reads all challenges of all such headers of an answer. What is no challenge is left out.</summary>
    public static IReadOnlyList<AuthChallenge> Parse(IEnumerable<string> headers)
    {
        var challenges = new List<AuthChallenge>();
        foreach (var header in headers.Where(h => h.Length <= MaximumLength))
        {
            ParseOne(header, challenges);
        }

        return challenges;
    }

    private static void ParseOne(string text, List<AuthChallenge> challenges)
    {
        var at = 0;
        Dictionary<string, string>? parameters = null;
        while (true)
        {
            Skip(text, ref at, " \t,");
            var word = Token(text, ref at);
            if (word.Length == 0)
            {
                return;
            }

            var mark = at;
            Skip(text, ref at, " \t");
            if (at < text.Length && text[at] == '=' && parameters is not null)
            {
                at++;
                Skip(text, ref at, " \t");
                var value = at < text.Length && text[at] == '"' ? Quoted(text, ref at) : Token(text, ref at);
                // A name that stands twice: readers would disagree, the first one counts.
                _ = parameters.TryAdd(word.ToLowerInvariant(), value);
            }
            else
            {
                at = mark;
                parameters = new(StringComparer.Ordinal);
                challenges.Add(new(word.ToLowerInvariant(), parameters));
            }
        }
    }

    private static void Skip(string text, ref int at, string characters)
    {
        while (at < text.Length && characters.Contains(text[at], StringComparison.Ordinal))
        {
            at++;
        }
    }

    private static string Token(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || "!#$%&'*+-.^_`|~:/".Contains(text[at], StringComparison.Ordinal)))
        {
            at++;
        }

        return text[start..at];
    }

    private static string Quoted(string text, ref int at)
    {
        var value = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                break;
            }

            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            _ = value.Append(text[at]);
        }

        return value.ToString();
    }
}
