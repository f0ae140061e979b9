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
    public string WithoutPrefix(string text, bool longest)
    {
        var (reached, next) = Places(text);
        return EndOfMatch(text, 0, longest, ref reached, ref next) is var end and >= 0 ? text[end..] : text;
    }

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

        var (reached, next) = Places(text);
        var result = new StringBuilder();
        for (var at = 0; at <= text.Length;)
        {
            if (EndOfMatch(text, at, longest: true, ref reached, ref next) is var end && end > at)
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
    private int EndOfMatch(string text, int start, bool longest, ref bool[] reached, ref bool[] next)
    {
        // The places between first and last that are reached are those at which a match of the parts so far may end.
        var (first, last) = (start, start);
        reached[start] = true;
        foreach (var (character, kind) in _parts)
        {
            var any = false;
            var (from, to) = kind == Kind.AnyMany ? (first, text.Length) : (first + 1, Math.Min(last + 1, text.Length));
            for (var i = from; i <= to; i++)
            {
                if (kind == Kind.AnyMany)
                {
                    any |= i <= last && reached[i];
                    next[i] = any;
                }
                else
                {
                    next[i] = reached[i - 1] && (kind == Kind.AnyOne || text[i - 1] == character);
                    any |= next[i];
                }
            }

            if (!any)
            {
                return -1;
            }

            (first, last) = (from, to);
            (reached, next) = (next, reached);
        }

        var places = reached.AsSpan(first, last - first + 1);
        return first + (longest ? places.LastIndexOf(true) : places.IndexOf(true));
    }

    /// <summary>Every place at which a match that ends with the text may begin.</summary>
    private bool[] Starts(string text)
    {
        var (reached, next) = Places(text);
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

    /// <summary>Every place of a text, its end too, twice.</summary>
    private static (bool[] Reached, bool[] Next) Places(string text) => (new bool[text.Length + 1], new bool[text.Length + 1]);
}
