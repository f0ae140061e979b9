namespace Portal.Agent.EngineApi.Filters;

/// <summary>Go's path.Match: <c>*</c> and <c>?</c> do not cross slashes, <c>[a-z]</c> and <c>[^a-z]</c> are classes, <c>\</c> quotes.</summary>
internal static class GlobPattern
{
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        while (!pattern.IsEmpty)
        {
            switch (pattern[0])
            {
                case '*':
                    pattern = pattern.TrimStart('*');
                    for (var i = 0; i <= text.Length; i++)
                    {
                        if (IsMatch(pattern, text[i..]))
                        {
                            return true;
                        }

                        if (i < text.Length && text[i] == '/')
                        {
                            return false;
                        }
                    }

                    return false;
                case '?' when !text.IsEmpty && text[0] != '/':
                    break;
                case '[' when !text.IsEmpty && text[0] != '/':
                    if (!MatchesClass(ref pattern, text[0]))
                    {
                        return false;
                    }

                    text = text[1..];
                    continue;
                case '\\' when pattern.Length > 1:
                    pattern = pattern[1..];
                    goto default;
                default:
                    if (text.IsEmpty || text[0] != pattern[0])
                    {
                        return false;
                    }

                    break;
            }

            pattern = pattern[1..];
            text = text[1..];
        }

        return text.IsEmpty;
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
