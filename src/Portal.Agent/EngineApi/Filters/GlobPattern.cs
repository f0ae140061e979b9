namespace Portal.Agent.EngineApi.Filters;

/// <summary>Go's path.Match: <c>*</c> and <c>?</c> do not cross slashes, <c>[a-z]</c> and <c>[^a-z]</c> are classes, <c>\</c> quotes.</summary>
internal static class GlobPattern
{
    /// <summary>At most pattern times text steps: only the last star is ever tried again. The least an earlier one can take leaves the most to the rest.</summary>
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> behindStar = default, left = default;
        var hasStar = false;
        while (!pattern.IsEmpty || !text.IsEmpty)
        {
            if (pattern is ['*', ..])
            {
                pattern = pattern.TrimStart('*');
                behindStar = pattern;
                left = text;
                hasStar = true;
            }
            else if (!TryStep(ref pattern, ref text))
            {
                if (!hasStar || left.IsEmpty || left[0] == '/')
                {
                    return false;
                }

                // One more character is the star's.
                left = left[1..];
                pattern = behindStar;
                text = left;
            }
        }

        return true;
    }

    /// <summary>Takes one character off the text, and what it fits off the pattern.</summary>
    private static bool TryStep(ref ReadOnlySpan<char> pattern, ref ReadOnlySpan<char> text)
    {
        if (pattern.IsEmpty || text.IsEmpty)
        {
            return false;
        }

        var c = text[0];
        text = text[1..];
        switch (pattern[0])
        {
            case '?':
                pattern = pattern[1..];
                return c != '/';
            case '[':
                return c != '/' && MatchesClass(ref pattern, c);
            case '\\' when pattern.Length > 1:
                pattern = pattern[1..];
                break;
            default:
                break;
        }

        var fits = pattern[0] == c;
        pattern = pattern[1..];
        return fits;
    }

    /// <summary>Reads a class off the pattern. An unclosed one matches nothing.</summary>
    private static bool MatchesClass(ref ReadOnlySpan<char> pattern, char c)
    {
        var end = pattern.Length > 2 ? pattern[2..].IndexOf(']') + 2 : 1;
        if (end < 2)
        {
            return false;
        }

        var members = pattern[1..end];
        pattern = pattern[(end + 1)..];
        var negated = members is ['^', ..];
        if (negated)
        {
            members = members[1..];
        }

        var found = false;
        for (var i = 0; i < members.Length; i++)
        {
            var (low, high) = i + 2 < members.Length && members[i + 1] == '-' ? (members[i], members[i += 2]) : (members[i], members[i]);
            found |= c >= low && c <= high;
        }

        return found != negated;
    }
}
