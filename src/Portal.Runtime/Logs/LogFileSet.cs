using System.Globalization;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Logs;

/// <summary>
/// The files of a log: <c>log</c> is written to, the rotated ones are numbered as they come and keep their number, <c>log.7</c> or
/// compressed <c>log.7.gz</c>: a reader of one always knows which is the next. <c>log.7.lost</c> stands after <c>log.7</c>, where
/// lines are missing that could not be written. <c>log.7.part</c> is what stays of a file that is dropped: the beginning of the
/// line that ends in the next one.
/// </summary>
internal static class LogFileSet
{
    private const string Compressed = ".gz", Part = ".part", Lost = ".lost", Unfinished = ".tmp";

    public static string NameOf(string log, long number) => string.Create(CultureInfo.InvariantCulture, $"{log}.{number}");

    public static string CompressedNameOf(string log, long number) => NameOf(log, number) + Compressed;

    /// <summary>Name of what is to take a rotated file's place and is being written.</summary>
    public static string UnfinishedNameOf(string log, long number) => NameOf(log, number) + Unfinished;

    public static string PartNameOf(string log, long number) => NameOf(log, number) + Part;

    public static string LostNameOf(string log, long number) => NameOf(log, number) + Lost;

    /// <summary>The rotated files, oldest first.</summary>
    public static List<RotatedLog> Rotated(string log)
    {
        var found = new SortedDictionary<long, RotatedLog>();
        var own = log + ".";
        try
        {
            // So few names come in one call of the kernel, and none that is renamed meanwhile is missed.
            foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(log)!))
            {
                if (!path.StartsWith(own, StringComparison.Ordinal))
                {
                    continue;
                }

                var rest = path.AsSpan(own.Length);
                var digits = rest.IndexOf('.') is var dot and >= 0 ? rest[..dot] : rest;
                if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    var before = found.GetValueOrDefault(number, new(number, false, false, false, 0));
                    found[number] = rest[digits.Length..] switch
                    {
                        "" => before with { IsPlain = true },
                        Compressed => before with { IsCompressed = true },
                        Part => before with { IsPart = true },
                        _ => before,
                    };
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // The container is gone.
        }

        return [.. found.Values];
    }

    /// <summary>The rotated files with what they take on the disk, oldest first.</summary>
    public static List<RotatedLog> Measured(string log) =>
    [
        .. Rotated(log).Select(rotated => rotated with
        {
            Bytes = new[] { NameOf(log, rotated.Number), CompressedNameOf(log, rotated.Number), PartNameOf(log, rotated.Number), UnfinishedNameOf(log, rotated.Number) }.Sum(SizeOf),
        }),
    ];

    /// <summary>Removes a rotated file and what belongs to it.</summary>
    public static void Remove(string log, long number)
    {
        // In this order, so that at no moment something is left that only a next look would remove.
        File.Delete(UnfinishedNameOf(log, number));
        File.Delete(NameOf(log, number));
        File.Delete(CompressedNameOf(log, number));
        File.Delete(PartNameOf(log, number));
        File.Delete(LostNameOf(log, number));
    }

    /// <summary>Bytes of a file; 0 when there is none.</summary>
    public static long SizeOf(string path) => Libc.Stat(path, out var facts) == 0 ? facts.Size : 0;

    /// <summary>
    /// Opens all files, oldest first. The one written to is opened before the others are looked for, so a rotation in between can
    /// only show it twice, never hide one; the second sight is left out.
    /// </summary>
    public static List<LogSegment> OpenAll(string log)
    {
        var segments = new List<LogSegment>();
        var current = LogSegment.TryOpenCurrent(log);
        try
        {
            foreach (var rotated in Rotated(log))
            {
                if (rotated.Exists && LogSegment.TryOpen(log, rotated.Number) is { } segment)
                {
                    segments.Add(segment);
                }
            }

            if (current is not null)
            {
                if (!current.IsCurrent() && current.Number is { } number)
                {
                    foreach (var later in segments.Where(segment => segment.Number >= number).ToList())
                    {
                        segments.Remove(later);
                        later.Dispose();
                    }
                }

                segments.Add(current);
            }

            return segments;
        }
        catch
        {
            current?.Dispose();
            segments.ForEach(segment => segment.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Opens the file that follows the given one, when that is written to no more: the runtime's monitor makes the new file
    /// only after it closed the old one, so the new one's existence is the sign. Null while the given one is the newest.
    /// </summary>
    public static LogSegment? TryOpenNext(string log, LogSegment segment)
    {
        if (segment.IsCurrent())
        {
            return null;
        }

        while (true)
        {
            // Of a file that somebody removed by hand nothing is known; what there is now comes after it.
            var number = segment.Number ?? long.MaxValue;
            if (Next(log, number) is { } next)
            {
                if (LogSegment.TryOpen(log, next) is { } rotated)
                {
                    return rotated;
                }

                // Dropped between the two looks; so look again.
                continue;
            }

            var current = LogSegment.TryOpenCurrent(log);
            if (current is null || Next(log, number) is null)
            {
                return current;
            }

            // Rotated between the two looks: there is one before it now.
            current.Dispose();
        }
    }

    private static long? Next(string log, long number)
    {
        foreach (var rotated in Rotated(log))
        {
            if (rotated.Number > number && rotated.Exists)
            {
                return rotated.Number;
            }
        }

        return null;
    }
}

/// <summary>What there is on disk of a rotated file.</summary>
/// <param name="Number">Its number.</param>
/// <param name="IsPlain">It is there as it was written.</param>
/// <param name="IsCompressed">It is there compressed.</param>
/// <param name="IsPart">Of it there is the beginning of its last line.</param>
/// <param name="Bytes">On the disk, where that was asked for.</param>
internal readonly record struct RotatedLog(long Number, bool IsPlain, bool IsCompressed, bool IsPart, long Bytes)
{
    /// <summary>It can be read.</summary>
    public bool Exists => IsWhole || IsPart;

    public bool IsWhole => IsPlain || IsCompressed;
}
