using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Events;

/// <summary>A ring of the last events and a bounded queue for each reader.</summary>
internal sealed class RuntimeEvents(TimeProvider time) : IRuntimeEvents
{
    private const int Kept = 256, ReaderLimit = 1024;

    // Less than what a timer takes.
    private static readonly TimeSpan s_longestTimer = TimeSpan.FromDays(30);

    private readonly Lock _lock = new();
    private readonly Queue<RuntimeEvent> _ring = new(Kept);
    private readonly List<(Channel<RuntimeEvent> Queue, Action? Lagged)> _readers = [];

    public void Publish(RuntimeEvent item)
    {
        lock (_lock)
        {
            if (_ring.Count == Kept)
            {
                _ring.Dequeue();
            }

            _ring.Enqueue(item);
            for (var i = _readers.Count - 1; i >= 0; i--)
            {
                var (queue, lagged) = _readers[i];
                if (!queue.Writer.TryWrite(item))
                {
                    queue.Writer.TryComplete(new ErrorException(
                        ErrorKind.Unavailable, "events.lagged", "The reader fell more than 1024 events behind and was cut off; subscribe again."));
                    _readers.RemoveAt(i);
                    lagged?.Invoke();
                }
            }
        }
    }

    public IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct) => Read(since, until, null, ct);

    public IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, Action lagged, CancellationToken ct) => Read(since, until, lagged, ct);

    private IAsyncEnumerable<RuntimeEvent> Read(DateTimeOffset? since, DateTimeOffset? until, Action? lagged, CancellationToken ct)
    {
        // Subscribed here and now, not at the first read: what is published between the two must not be missed.
        var live = Channel.CreateBounded<RuntimeEvent>(new BoundedChannelOptions(ReaderLimit) { SingleReader = true });
        RuntimeEvent[] replay;
        lock (_lock)
        {
            replay = since is { } from ? [.. _ring.Where(item => item.Time >= from)] : [];
            _readers.Add((live, lagged));
        }

        return ReadAsync(replay, live, until, ct);
    }

    private async IAsyncEnumerable<RuntimeEvent> ReadAsync(
        RuntimeEvent[] replay, Channel<RuntimeEvent> live, DateTimeOffset? until, [EnumeratorCancellation] CancellationToken ct)
    {
        try
        {
            foreach (var item in replay)
            {
                if (until is null || item.Time <= until)
                {
                    yield return item;
                }
            }

            do
            {
                using var deadline = until is { } end ? Deadline(end) : null;
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline?.Token ?? CancellationToken.None);
                while (await MoreAsync(live.Reader, stop.Token, ct).ConfigureAwait(false))
                {
                    while (live.Reader.TryRead(out var item))
                    {
                        if (until is { } limit && item.Time > limit)
                        {
                            yield break;
                        }

                        yield return item;
                    }
                }
            }
            while (until > time.GetUtcNow());
        }
        finally
        {
            lock (_lock)
            {
                _readers.RemoveAll(reader => reader.Queue == live);
            }
        }
    }

    private static async ValueTask<bool> MoreAsync(ChannelReader<RuntimeEvent> reader, CancellationToken stop, CancellationToken ct)
    {
        try
        {
            return await reader.WaitToReadAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }

    private CancellationTokenSource Deadline(DateTimeOffset end)
    {
        var left = end - time.GetUtcNow();
        return new(left < TimeSpan.Zero ? TimeSpan.Zero : left > s_longestTimer ? s_longestTimer : left, time);
    }
}
