using Portal.Runtime.Linux;

namespace Portal.Runtime.Logs;

/// <summary>Reads a container's log: the file conmon writes to, and before it the rotated ones.</summary>
/// <param name="time">Drives the rescan of a followed log.</param>
public sealed class ContainerLogReader(TimeProvider time)
{
    // How long lines are gathered that come one after the other. Waking for each costs more than reading a hundred.
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(3);

    // While there is no file to watch: it is about to be made, or it never is.
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(5);

    // In case no notice comes: the number of watches is limited, and network file systems give none.
    private static readonly TimeSpan s_rescan = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Writes a log to a sink in the order it was written. Without <see cref="LogQuery.Follow"/> what is there at the call; with it
    /// until <paramref name="stopped"/> completes and the rest is read. A log that does not exist is empty. Rotation, compression
    /// and removal of files in the meantime take nothing away of what was there at the call.
    /// </summary>
    /// <param name="path">The file written to; rotated ones are beside it (<see cref="LogFileSet"/>).</param>
    /// <param name="query">What is wanted.</param>
    /// <param name="sink">Gets it.</param>
    /// <param name="stopped">Completes once nothing more is written.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public async Task ReadAsync(string path, LogQuery query, ILogSink sink, Task stopped, CancellationToken ct = default)
    {
        var segments = LogFileSet.OpenAll(path);
        LogLines? lines = null;
        try
        {
            // A reader that only wants what is there must not chase a container that writes faster than it reads, and the last
            // lines are those before one and the same end.
            var now = segments.Count > 0 && !segments[^1].IsCompressed ? segments[^1].Length : long.MaxValue;
            (var index, lines) = Begin(segments, now, query, sink);
            var end = query.Follow ? long.MaxValue : now;
            await sink.FlushAsync(ct).ConfigureAwait(false);
            for (; index < segments.Count; index++)
            {
                var isLast = index == segments.Count - 1;
                while (lines.Read(segments[index], isLast ? end - segments[index].Position : long.MaxValue))
                {
                    await sink.FlushAsync(ct).ConfigureAwait(false);
                    if (lines.IsPast)
                    {
                        return;
                    }
                }

                if (!isLast)
                {
                    Close(path, segments[index], lines);
                }
            }

            if (query.Follow)
            {
                await FollowAsync(path, query, sink, lines, segments, stopped, ct).ConfigureAwait(false);
            }

            lines.Finish();
            await sink.FlushAsync(ct).ConfigureAwait(false);
        }
        finally
        {
            lines?.Dispose();
            segments.ForEach(segment => segment.Dispose());
        }
    }

    private async Task FollowAsync(string path, LogQuery query, ILogSink sink, LogLines lines, List<LogSegment> segments, Task stopped, CancellationToken ct)
    {
        var current = segments.Count > 0 ? segments[^1] : null;
        FileNotices.Watch? watch = null;
        var soon = s_soon;
        try
        {
            while (true)
            {
                // Asked before reading: what is written before the end is then read for certain.
                var ending = stopped.IsCompleted || (query.Until is { } until && time.GetUtcNow() > until);
                var grew = false;
                if (current is null && (current = LogSegment.TryOpenCurrent(path)) is not null)
                {
                    segments.Add(current);
                }

                while (current is not null)
                {
                    // The next file is looked for before the last read of this one: once it exists, this one is complete.
                    var next = LogFileSet.TryOpenNext(path, current);
                    if (next is not null)
                    {
                        segments.Add(next);
                    }

                    StartOver(current);
                    while (lines.Read(current))
                    {
                        grew = true;
                        await sink.FlushAsync(ct).ConfigureAwait(false);
                        if (lines.IsPast)
                        {
                            return;
                        }
                    }

                    if (next is null)
                    {
                        break;
                    }

                    Close(path, current, lines);
                    segments.Remove(current);
                    current.Dispose();
                    current = next;
                }

                if (ending)
                {
                    return;
                }

                if (grew)
                {
                    watch?.Dispose();
                    (watch, soon) = (null, s_soon);
                    await Task.Delay(s_gather, time, ct).ConfigureAwait(false);
                }
                else if (watch is null && (watch = FileNotices.Shared.TryWatch(path)) is not null)
                {
                    // Looked at once more now that nothing that happens goes unnoticed.
                    lines.Rest();
                }
                else
                {
                    soon = watch is null ? Min(soon * 2, s_rescan) : s_rescan;
                    await WaitAsync(watch?.Changed, stopped, Min(soon, Left(query)), ct).ConfigureAwait(false);
                    watch?.Dispose();
                    watch = null;
                }
            }
        }
        finally
        {
            watch?.Dispose();
        }
    }

    /// <summary>The first file of interest, at its place, and what takes the lines from there.</summary>
    private static (int Index, LogLines Lines) Begin(List<LogSegment> segments, long end, LogQuery query, ILogSink sink)
    {
        if (query.Tail is not null && segments.Count > 0)
        {
            var (index, offset, skip) = new LogTail(query).Find(segments, end);
            segments[index].Position = offset;
            return (index, new(query with { Since = null }, new LogTailSink(sink, skip, query.Since)));
        }

        // Files last written to before the time hold nothing of interest. The newest is always looked at.
        var first = 0;
        while (query.Since is { } since && first < segments.Count - 1 && segments[first].LastWrite.Seconds < since.ToUnixTimeSeconds())
        {
            first++;
        }

        return (first, new(query, sink));
    }

    /// <summary>A file is complete and read.</summary>
    private static void Close(string path, LogSegment segment, LogLines lines)
    {
        lines.DropUnfinished();
        if (segment.Number is { } number && LogLossNote.TryRead(path, number) is { } note)
        {
            lines.Write(note);
        }
    }

    /// <summary>Somebody emptied the file by hand: it is read from its new beginning.</summary>
    private static void StartOver(LogSegment segment)
    {
        if (!segment.IsCompressed && segment.Length < segment.Position)
        {
            segment.Position = 0;
        }
    }

    private TimeSpan Left(LogQuery query) =>
        query.Until is { } until && until - time.GetUtcNow() is var left && left < s_rescan ? Max(left, TimeSpan.FromMilliseconds(1)) : s_rescan;

    private async Task WaitAsync(Task? changed, Task stopped, TimeSpan atMost, CancellationToken ct)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var rescan = Task.Delay(atMost, time, enough.Token);
        await (changed is null ? Task.WhenAny(stopped, rescan) : Task.WhenAny(changed, stopped, rescan)).ConfigureAwait(false);
        await enough.CancelAsync().ConfigureAwait(false);
        ct.ThrowIfCancellationRequested();
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
