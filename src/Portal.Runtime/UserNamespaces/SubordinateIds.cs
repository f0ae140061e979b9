using System.Globalization;

namespace Portal.Runtime.UserNamespaces;

/// <summary>What subuid(5) and subgid(5) give to whom: lines of <c>owner:first:count</c>. Pure.</summary>
internal static class SubordinateIds
{
    /// <summary>How many ids an owner usually gets.</summary>
    public const uint RangeLength = 65536;

    private const ulong LowestStart = 100_000;

    /// <summary>The ranges of an owner as one block of ids from 0 on, in the order of the file.</summary>
    /// <param name="text">Content of the file.</param>
    /// <param name="name">Owner by name.</param>
    /// <param name="id">Owner by number.</param>
    public static IReadOnlyList<IdRange> RangesOf(string text, string name, uint id)
    {
        var number = id.ToString(CultureInfo.InvariantCulture);
        var ranges = new List<IdRange>();
        ulong inside = 0;
        foreach (var (owner, first, count) in Read(text))
        {
            if ((owner == name || owner == number) && count > 0 && first + count <= uint.MaxValue && inside + count <= uint.MaxValue)
            {
                ranges.Add(new((uint)inside, (uint)first, (uint)count));
                inside += count;
            }
        }

        return ranges;
    }

    /// <summary>The first id from 100000 on of which <see cref="RangeLength"/> are nobody's.</summary>
    public static ulong NextFree(string text)
    {
        var start = LowestStart;
        foreach (var (_, first, count) in Read(text).OrderBy(range => range.First))
        {
            if (start < first + count && first < start + RangeLength)
            {
                start = first + count;
            }
        }

        return start;
    }

    private static IEnumerable<(string Owner, ulong First, ulong Count)> Read(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            var fields = line.Trim().Split(':');
            if (fields is [{ Length: > 0 } owner, var first, var count] && owner[0] != '#'
                && uint.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var start)
                && uint.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            {
                yield return (owner, start, length);
            }
        }
    }
}
