using System.Text;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>What a <c>.dockerignore</c> leaves out: of the patterns that match a path or a folder above it, the last decides. Pure.</summary>
internal sealed class IgnorePatterns
{
    private readonly List<(PathPattern Pattern, bool Keeps)> _patterns = [];

    /// <param name="patterns">As <see cref="Read"/> gives them.</param>
    /// <exception cref="FormatException">One is malformed.</exception>
    public IgnorePatterns(IEnumerable<string> patterns)
    {
        foreach (var text in patterns)
        {
            var keeps = text.StartsWith('!');
            var pattern = Clean((keeps ? text[1..] : text).Trim());
            if (pattern is "" or "!")
            {
                throw new FormatException("illegal exclusion pattern: \"!\"");
            }

            _patterns.Add((new(pattern, spans: true), keeps));
        }
    }

    /// <summary>Nothing is left out.</summary>
    public bool IsEmpty => _patterns.Count == 0;

    /// <summary>A folder that is left out may still hold what is not.</summary>
    public bool HasExceptions => _patterns.Exists(pattern => pattern.Keeps);

    /// <summary>The patterns of a file: without comments and empty lines, in their plainest form.</summary>
    public static IReadOnlyList<string> Read(string file)
    {
        var patterns = new List<string>();
        foreach (var line in file.TrimStart('\uFEFF').Split('\n'))
        {
            if (line.StartsWith('#') || line.Trim() is not { Length: > 0 } pattern)
            {
                continue;
            }

            var keeps = pattern.StartsWith('!');
            pattern = Clean((keeps ? pattern[1..] : pattern).Trim());
            patterns.Add(keeps ? "!" + pattern : pattern);
        }

        return patterns;
    }

    /// <summary>Whether a path, relative and with slashes, is left out.</summary>
    public bool Matches(string path)
    {
        var matched = false;
        foreach (var (pattern, keeps) in _patterns)
        {
            // What is not left out needs no exception, and what is needs no second reason.
            if (keeps == matched && MatchesOrIsInside(pattern, path))
            {
                matched = !keeps;
            }
        }

        return matched;
    }

    private static bool MatchesOrIsInside(PathPattern pattern, string path)
    {
        if (pattern.Matches(path))
        {
            return true;
        }

        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (pattern.Matches(path.AsSpan(0, slash)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Without needless parts, and from the root of the context whether it begins with a slash or not.</summary>
    private static string Clean(string pattern)
    {
        var parts = new List<string>();
        foreach (var part in pattern.Split('/'))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or ".") && !(part == ".." && pattern.StartsWith('/')))
            {
                parts.Add(part);
            }
        }

        var clean = new StringBuilder().AppendJoin('/', parts).ToString();
        return clean.Length == 0 && pattern.Length > 0 ? "." : clean;
    }
}
