namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>
/// A glob over paths: <c>*</c> and <c>?</c> stay within one part, <c>[a-z]</c> and <c>[^a-z]</c> take one character, a backslash protects the next one, and,
/// where it is asked for, <c>**</c> reaches over parts. Pure; time grows with the product of the lengths, whatever the pattern.
/// </summary>
internal sealed class PathPattern
{
    private readonly List<Part> _parts = [];

    private enum Kind
    {
        Literal,
        AnyOne,
        AnyMany,
        Class,

        /// <summary><c>**</c>: anything.</summary>
        Everything,

        /// <summary><c>**/</c>: nothing, or folders.</summary>
        Folders,
    }

    /// <param name="pattern">Relative, with slashes.</param>
    /// <param name="spans">Two stars reach over parts.</param>
    /// <exception cref="FormatException">It is malformed.</exception>
    public PathPattern(string pattern, bool spans)
    {
        Text = pattern;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            switch (c)
            {
                case '*' when spans && i + 1 < pattern.Length && pattern[i + 1] == '*':
                    for (i++; i + 1 < pattern.Length && pattern[i + 1] == '*';)
                    {
                        i++;
                    }

                    var slash = i + 1 < pattern.Length && pattern[i + 1] == '/';
                    i += slash ? 1 : 0;
                    _parts.Add(new(slash ? Kind.Folders : Kind.Everything));
                    break;
                case '*':
                    _parts.Add(new(Kind.AnyMany));
                    break;
                case '?':
                    _parts.Add(new(Kind.AnyOne));
                    break;
                case '[':
                    _parts.Add(ReadClass(pattern, ref i));
                    break;
                case '\\':
                    _parts.Add(new(Kind.Literal, ++i < pattern.Length ? pattern[i] : throw Malformed(pattern)));
                    break;
                default:
                    _parts.Add(new(Kind.Literal, c));
                    break;
            }
        }
    }

    public string Text { get; }

    /// <summary>Whether a text has characters that mean something else than themselves.</summary>
    public static bool IsPattern(string text) => text.AsSpan().ContainsAny('*', '?', '[');

    public bool Matches(ReadOnlySpan<char> path)
    {
        var (reached, next) = (new bool[path.Length + 1], new bool[path.Length + 1]);
        reached[0] = true;
        foreach (var part in _parts)
        {
            var any = false;
            for (var i = 0; i <= path.Length; i++)
            {
                next[i] = part.Kind switch
                {
                    Kind.Everything => any |= reached[i],
                    Kind.AnyMany => any = reached[i] || (any && path[i - 1] != '/'),
                    Kind.Folders => reached[i] || (any && path[i - 1] == '/'),
                    _ => i > 0 && reached[i - 1] && part.Takes(path[i - 1]),
                };
                any |= part.Kind == Kind.Folders && reached[i];
            }

            (reached, next) = (next, reached);
        }

        return reached[path.Length];
    }

    private static Part ReadClass(string pattern, ref int i)
    {
        var start = i++;
        var ranges = new List<(char Low, char High)>();
        var isOpposite = i < pattern.Length && pattern[i] is '^' or '!';
        i += isOpposite ? 1 : 0;
        while (i >= pattern.Length || pattern[i] != ']' || ranges.Count == 0)
        {
            var low = Next(ref i);
            var high = low;
            if (i + 1 < pattern.Length && pattern[i] == '-' && pattern[i + 1] != ']')
            {
                i++;
                high = Next(ref i);
            }

            ranges.Add((low, high));
        }

        return new(Kind.Class) { Ranges = ranges, IsOpposite = isOpposite };

        char Next(ref int at)
        {
            if (at < pattern.Length && pattern[at] == '\\')
            {
                at++;
            }

            return at < pattern.Length ? pattern[at++] : throw Malformed(pattern[start..]);
        }
    }

    private static FormatException Malformed(string pattern) => new($"syntax error in pattern {(pattern.Length > 100 ? pattern[..100] : pattern)}");

    private sealed record Part(Kind Kind, char Character = '\0')
    {
        public IReadOnlyList<(char Low, char High)> Ranges { get; init; } = [];

        public bool IsOpposite { get; init; }

        public bool Takes(char c) => Kind switch
        {
            Kind.Literal => c == Character,
            Kind.AnyOne => c != '/',
            _ => c != '/' && (IsOpposite ^ Ranges.Any(range => range.Low <= c && c <= range.High)),
        };
    }
}
