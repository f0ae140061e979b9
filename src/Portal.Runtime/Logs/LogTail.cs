using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// Finds where the last lines of a log begin: from the end backwards, and through a compressed file, which can only be read
/// forwards, once to count.
/// </summary>
internal sealed class LogTail(LogQuery query)
{
    private const int BlockSize = 64 * 1024;

    private readonly long _wanted = query.Tail ?? throw new ArgumentException("No tail is asked for.", nameof(query));
    private readonly long _until = LogLines.LastOf(query.Until);

    // A part belongs to the line of the next piece of its stream; without one it is the beginning of a line that has no end yet.
    private readonly bool[] _later = new bool[(int)StdioStream.Stderr + 1];
    private long _count;

    /// <summary>Where to begin so that at most <see cref="LogQuery.Tail"/> wanted lines follow.</summary>
    /// <param name="segments">Oldest first.</param>
    /// <returns>Index in <paramref name="segments"/>, offset in that file, and how many wanted lines after it are to be left out.</returns>
    public (int Index, long Offset, long Skip) Find(List<LogSegment> segments)
    {
        var begin = (Index: Math.Max(segments.Count - 1, 0), Offset: segments.Count > 0 ? segments[^1].Length : 0, Skip: 0L);
        for (var index = segments.Count - 1; index >= 0; index--)
        {
            var segment = segments[index];
            if (segment.IsCompressed)
            {
                var lines = Count(segment);
                begin = (index, 0, Math.Max(0, _count + lines - _wanted));
                _count += lines;
                if (_count >= _wanted)
                {
                    return begin;
                }
            }
            else if (FindIn(segment) is var (offset, enough))
            {
                begin = offset is { } first ? (index, first, 0) : begin;
                if (enough)
                {
                    return begin;
                }
            }
        }

        return begin;
    }

    /// <summary>Goes backwards through a file.</summary>
    /// <returns>Where its first line of interest begins, null when it has none; and whether nothing before it is of interest.</returns>
    private (long? First, bool Enough) FindIn(LogSegment segment)
    {
        long? first = null;
        var end = segment.Length;
        var buffer = new byte[BlockSize + K8sFileLine.PrefixLength];
        while (end > 0)
        {
            var start = Math.Max(0, end - BlockSize);
            var read = segment.ReadAt(buffer, start);
            var search = buffer.AsSpan(0, (int)Math.Min(read, end - start));

            // A line begins after a line feed and at the start of the file; what follows the last line feed is not a line yet.
            while (true)
            {
                var newline = search.LastIndexOf((byte)'\n');
                if (newline < 0 && start > 0)
                {
                    break;
                }

                if (Wants(buffer.AsSpan(newline + 1, read - newline - 1), out var line))
                {
                    if (IsLine(line))
                    {
                        if (_count == _wanted)
                        {
                            return (first, true);
                        }

                        _count++;
                    }

                    first = start + newline + 1;
                }

                if (newline < 0)
                {
                    break;
                }

                search = search[..newline];
            }

            end = start;
        }

        return (first, false);
    }

    /// <summary>Wanted lines of a file, those not counted that go on in the next one.</summary>
    private long Count(LogSegment segment)
    {
        var lines = 0L;
        var (seen, open) = (new bool[_later.Length], new bool[_later.Length]);
        var block = new byte[BlockSize];
        var end = 0;
        while (segment.Read(block.AsSpan(end)) is var read and > 0)
        {
            end += read;
            var rest = block.AsSpan(0, end);
            while (rest.IndexOf((byte)'\n') is var newline and >= 0)
            {
                if (Wants(rest[..newline], out var line))
                {
                    (seen[(int)line.Stream], open[(int)line.Stream]) = (true, line.IsPartial);
                    lines += line.IsPartial ? 0 : 1;
                }

                rest = rest[(newline + 1)..];
            }

            // What is longer than a block is no line.
            rest = rest.Length == block.Length ? [] : rest;
            rest.CopyTo(block);
            end = rest.Length;
        }

        for (var stream = 0; stream < open.Length; stream++)
        {
            lines += open[stream] && !_later[stream] ? 1 : 0;
            _later[stream] |= seen[stream];
        }

        segment.Rewind();
        return lines;
    }

    private bool IsLine(in K8sFileLine line)
    {
        ref var later = ref _later[(int)line.Stream];
        var isLine = !line.IsPartial || !later;
        later = true;
        return isLine;
    }

    private bool Wants(ReadOnlySpan<byte> bytes, out K8sFileLine line) =>
        K8sFileLine.TryParse(bytes, out line) && (line.Stream == StdioStream.Stdout ? query.Stdout : query.Stderr)
        && (_until == long.MaxValue || (K8sFileLine.TryParseTime(bytes, out var time) && time <= _until));
}
