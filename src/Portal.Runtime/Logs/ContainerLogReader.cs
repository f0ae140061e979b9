using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Logs;

/// <summary>Reads a container's log: the file conmon writes to, and before it the rotated ones.</summary>
/// <param name="time">Drives the rescan of a followed log.</param>
public sealed class ContainerLogReader(TimeProvider time)
{
    /// <summary>
    /// Entries in the order they were written. Without <see cref="LogQuery.Follow"/> what is there at the call; with it until
    /// <paramref name="stopped"/> completes and the rest is read. A log that does not exist is empty.
    /// </summary>
    /// <param name="path">The file written to; rotated ones are beside it as <c>path.1</c>, <c>path.2</c>.</param>
    /// <param name="query">What is wanted.</param>
    /// <param name="stopped">Completes once nothing more is written.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public async IAsyncEnumerable<LogEntry> ReadAsync(string path, LogQuery query, Task stopped, [EnumeratorCancellation] CancellationToken ct = default)
    {
        // Made first, so that nothing that happens from here on goes unnoticed.
        using var signal = query.Follow ? new FileSignal(path, time) : null;
        using var left = new CancellationTokenSource();
        var filter = new LogFilter(query);
        var block = new LogBlock();
        var parts = new LogParts();
        var files = LogFileSet.OpenAll(path);
        try
        {
            var (index, offset) = query.Tail is null ? (SkipOlder(files, query.Since), 0) : LogTail.Find(files, query);
            for (; index >= 0 && index < files.Count; index--, offset = 0)
            {
                // A reader that only wants what is there must not chase a container that writes faster than it reads.
                var limit = query.Follow ? long.MaxValue : RandomAccess.GetLength(files[index]);
                while (await block.FillAsync(files[index], offset, limit, ct).ConfigureAwait(false) is var read and > 0)
                {
                    offset += read;
                    while (block.TryTake(filter, out var piece))
                    {
                        if (parts.TryJoin(piece, out var line))
                        {
                            yield return line;
                        }
                    }
                }

                if (index == 0)
                {
                    break;
                }

                block.Drop();
            }

            if (signal is null)
            {
                foreach (var line in parts.TakeRest())
                {
                    yield return line;
                }

                yield break;
            }

            // The token takes the continuation off again: a container outlives many readers.
            _ = stopped.ContinueWith(static (_, state) => ((FileSignal)state!).Set(), signal, left.Token, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            var current = files.Count > 0 ? files[0] : null;
            while (true)
            {
                // Asked before reading: what is written before the end is then read for certain.
                var ending = stopped.IsCompleted || (query.Until is { } until && time.GetUtcNow() > until);
                if (current is null && (current = LogFileSet.TryOpen(path)) is not null)
                {
                    files.Add(current);
                }

                while (current is not null)
                {
                    // The next file is looked for before the last read of this one: once it exists, this one is complete.
                    var next = LogFileSet.TryOpenNext(path, current);
                    if (next is not null)
                    {
                        files.Add(next);
                    }

                    while (await block.FillAsync(current, offset, long.MaxValue, ct).ConfigureAwait(false) is var read and > 0)
                    {
                        offset += read;
                        while (block.TryTake(filter, out var piece))
                        {
                            if (parts.TryJoin(piece, out var line))
                            {
                                yield return line;
                            }
                        }
                    }

                    if (next is null)
                    {
                        break;
                    }

                    _ = files.Remove(current);
                    current.Dispose();
                    (current, offset) = (next, 0);
                    block.Drop();
                }

                if (ending)
                {
                    foreach (var line in parts.TakeRest())
                    {
                        yield return line;
                    }

                    yield break;
                }

                _ = await signal.WaitAsync(ct).ConfigureAwait(false);
            }
        }
        finally
        {
            await left.CancelAsync().ConfigureAwait(false);
            files.ForEach(file => file.Dispose());
        }
    }

    // Files last written to before the time hold nothing of interest. The newest is always looked at.
    private static int SkipOlder(List<SafeFileHandle> files, DateTimeOffset? since)
    {
        var index = files.Count - 1;
        while (since is { } time && index > 0 && File.GetLastWriteTimeUtc(files[index]) < time.UtcDateTime)
        {
            index--;
        }

        return index;
    }
}
