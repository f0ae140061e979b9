using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// Finds where the last lines of a log begin: from the end backwards, and through a compressed file, which can only be read
/// forwards, once to count. Of a line without end each 16 KiB count as one, as to Docker: they are handed on like lines.
/// </summary>
internal sealed class LogTail(LogQuery query)
{
    private const int BlockSize = 64 * 1024;

    private readonly long _wanted = query.Tail ?? throw new ArgumentException("No tail is asked for.", nameof(query));
    private readonly long _until = LogLines.LastOf(query.Until);

    // A part belongs to the line of the next piece of its stream, of which so many bytes are counted; null before the last piece.
    private readonly long?[] _later = new long?[(int)StdioStream.Stderr + 1];
    private long _count;

    /// <summary>Where to begin so that at most <see cref="LogQuery.Tail"/> wanted lines follow.</summary>
    /// <param name="segments">Oldest first.</param>
    /// <param name="end">Where the log ends in the last one, which may grow meanwhile.</param>
    /// <returns>Index in <paramref name="segments"/>, offset in that file, and how many wanted lines after it are to be left out.</returns>
    public (int Index, long Offset, long Skip) Find(List<LogSegment> segments, long end)
    {
        var begin = (Index: Math.Max(segments.Count - 1, 0), Offset: end, Skip: 0L);
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
            else if (FindIn(segment, index == segments.Count - 1 ? end : segment.Length) is var (offset, enough))
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
    private (long? First, bool Enough) FindIn(LogSegment segment, long end)
    {
        long? first = null;
        var lineEnd = end;
        var hasEnd = false;
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

                var begin = start + newline + 1;
                if (hasEnd && Wants(buffer.AsSpan(newline + 1, read - newline - 1), out var line))
                {
                    if (IsLine(line, lineEnd - begin - K8sFileLine.PrefixLength - (line.IsPartial ? 1 : 0)))
                    {
                        if (_count == _wanted)
                        {
                            return (first, true);
                        }

                        _count++;
                    }

                    first = begin;
                }

                lineEnd = begin;
                if (newline < 0)
                {
                    break;
                }

                hasEnd = true;
                search = search[..newline];
            }

            end = start;
        }

        return (first, false);
    }

    /// <summary>Wanted lines of a file, without the beginnings of those that go on in the next one.</summary>
    private long Count(LogSegment segment)
    {
        var counter = new Counter();
        using var lines = new LogLines(query with { Since = null }, counter);
        while (lines.Read(segment))
        {
        }

        var complete = counter.Lines.ToArray();
        lines.Finish();
        segment.Rewind();
        var count = 0L;
        for (var stream = 0; stream < complete.Length; stream++)
        {
            count += _later[stream] is null ? counter.Lines[stream] : complete[stream];
            _later[stream] ??= counter.Lines[stream] > 0 ? 0 : null;
        }

        return count;
    }

    private bool IsLine(in K8sFileLine line, long length)
    {
        ref var later = ref _later[(int)line.Stream];
        var isLine = !line.IsPartial || later is not { } counted || counted + length > LogLines.PieceSize;
        later = isLine ? length : later + length;
        return isLine;
    }

    private bool Wants(ReadOnlySpan<byte> bytes, out K8sFileLine line) =>
        K8sFileLine.TryParse(bytes, out line) && (line.Stream == StdioStream.Stdout ? query.Stdout : query.Stderr)
        && (_until == long.MaxValue || (K8sFileLine.TryParseTime(bytes, out var time) && time <= _until));

    private sealed class Counter : ILogSink
    {
        public long[] Lines { get; } = new long[(int)StdioStream.Stderr + 1];

        public void Write(in LogEntry entry) => Lines[(int)entry.Stream]++;

        public ValueTask FlushAsync(CancellationToken ct) => default;
    }
}

/// <summary>The end of a log: leaves lines out that are read only because they stand before it.</summary>
/// <param name="inner">Gets the rest.</param>
/// <param name="skip">Lines to leave out.</param>
/// <param name="since">From the rest, those before the first at or after this are left out too.</param>
internal sealed class LogTailSink(ILogSink inner, long skip, DateTimeOffset? since) : ILogSink
{
    private long _skip = skip;
    private long _since = LogLines.Nanoseconds(since, long.MinValue);

    public void Write(in LogEntry entry)
    {
        if (_skip > 0)
        {
            _skip--;
        }
        else if (entry.UnixNanoseconds >= _since)
        {
            _since = long.MinValue;
            inner.Write(entry);
        }
    }

    public ValueTask FlushAsync(CancellationToken ct) => inner.FlushAsync(ct);
}
