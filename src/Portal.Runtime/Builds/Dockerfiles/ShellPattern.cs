using System.Text;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>A pattern in a substitution: <c>*</c> and <c>?</c> match anything, slashes too; everything else itself. Pure; time grows with the product of the lengths.</summary>
internal sealed class ShellPattern
{
    private readonly List<(char Character, Kind Kind)> _parts = [];

    private enum Kind
    {
        Literal,
        AnyOne,
        AnyMany,
    }

    public ShellPattern(string pattern, char escape)
    {
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == escape && i + 1 < pattern.Length)
            {
                _parts.Add((pattern[++i], Kind.Literal));
            }
            else
            {
                _parts.Add((c, c switch { '*' => Kind.AnyMany, '?' => Kind.AnyOne, _ => Kind.Literal }));
            }
        }
    }

    /// <summary>Without the shortest, or longest, beginning that matches.</summary>
    public string WithoutPrefix(string text, bool longest) => EndOfMatch(text, 0, longest) is var end and >= 0 ? text[end..] : text;

    /// <summary>Without the shortest, or longest, end that matches.</summary>
    public string WithoutSuffix(string text, bool longest)
    {
        var starts = Starts(text);
        var start = longest ? Array.IndexOf(starts, true) : Array.LastIndexOf(starts, true);
        return start < 0 ? text : text[..start];
    }

    /// <summary>With the first, or every, longest match replaced.</summary>
    public string Replace(string text, string replacement, bool all)
    {
        if (_parts.Count == 0)
        {
            return text;
        }

        var result = new StringBuilder();
        for (var at = 0; at <= text.Length;)
        {
            if (EndOfMatch(text, at, longest: true) is var end && end > at)
            {
                result.Append(replacement);
                at = end;
                if (!all)
                {
                    return result.Append(text, at, text.Length - at).ToString();
                }
            }
            else
            {
                if (at < text.Length)
                {
                    result.Append(text[at]);
                }

                at++;
            }
        }

        return result.ToString();
    }

    /// <summary>Where a match that begins at a place ends; negative for none.</summary>
    private int EndOfMatch(string text, int start, bool longest)
    {
        var ends = Ends(text, start);
        return longest ? Array.LastIndexOf(ends, true) : Array.IndexOf(ends, true);
    }

    /// <summary>Every place at which a match that begins at <paramref name="start"/> may end.</summary>
    private bool[] Ends(string text, int start)
    {
        var (reached, next) = (new bool[text.Length + 1], new bool[text.Length + 1]);
        reached[start] = true;
        foreach (var (character, kind) in _parts)
        {
            var any = false;
            for (var i = start; i <= text.Length; i++)
            {
                any |= reached[i];
                next[i] = kind == Kind.AnyMany ? any : i > start && reached[i - 1] && (kind == Kind.AnyOne || text[i - 1] == character);
            }

            (reached, next) = (next, reached);
            if (!any)
            {
                break;
            }
        }

        return reached;
    }

    /// <summary>Every place at which a match that ends with the text may begin.</summary>
    private bool[] Starts(string text)
    {
        var (reached, next) = (new bool[text.Length + 1], new bool[text.Length + 1]);
        reached[text.Length] = true;
        for (var part = _parts.Count - 1; part >= 0; part--)
        {
            var (character, kind) = _parts[part];
            var any = false;
            for (var i = text.Length; i >= 0; i--)
            {
                any |= reached[i];
                next[i] = kind == Kind.AnyMany ? any : i < text.Length && reached[i + 1] && (kind == Kind.AnyOne || text[i] == character);
            }

            (reached, next) = (next, reached);
            if (!any)
            {
                break;
            }
        }

        return reached;
    }
}
