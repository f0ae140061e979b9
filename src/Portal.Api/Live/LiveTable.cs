using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <summary>
/// A table with readers: each gets what is in it and then, without a gap, every change. A reader that leaves 1,024 batches unread
/// is cut off with <c>feed.lagged</c>, so that it costs the others nothing.
/// </summary>
internal sealed class LiveTable<TKey, TValue>(Func<TValue, TKey> keyOf) where TKey : notnull
{
    private const int LongestQueue = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, TValue> _values = [];
    private readonly HashSet<Reader> _readers = [];

    /// <summary>How many read at this moment.</summary>
    public int Readers
    {
        get
        {
            lock (_gate)
            {
                return _readers.Count;
            }
        }
    }

    /// <summary>The value of a key, if there is one.</summary>
    public TValue? Find(TKey key)
    {
        lock (_gate)
        {
            return _values.GetValueOrDefault(key);
        }
    }

    /// <summary>The values that <paramref name="wanted"/> accepts.</summary>
    public IReadOnlyList<TValue> List(Func<TValue, bool> wanted)
    {
        lock (_gate)
        {
            return [.. _values.Values.Where(wanted)];
        }
    }

    /// <summary>
    /// Makes the part of the table that <paramref name="scope"/> accepts equal to <paramref name="values"/>, and publishes the difference.
    /// </summary>
    /// <returns>What was removed.</returns>
    public IReadOnlyList<TValue> Replace(Func<TValue, bool> scope, IEnumerable<TValue> values, Func<TValue, TValue, bool> same)
    {
        lock (_gate)
        {
            var changes = new List<Change<TValue>>();
            var kept = new HashSet<TKey>();
            foreach (var value in values)
            {
                var key = keyOf(value);
                kept.Add(key);
                if (!_values.TryGetValue(key, out var before) || !same(before, value))
                {
                    _values[key] = value;
                    changes.Add(new(ChangeKind.Upsert, value));
                }
            }

            var removed = _values.Values.Where(value => scope(value) && !kept.Contains(keyOf(value))).ToList();
            foreach (var value in removed)
            {
                _values.Remove(keyOf(value));
                changes.Add(new(ChangeKind.Remove, value));
            }

            Publish(changes);
            return removed;
        }
    }

    /// <summary>A new reader of the values that <paramref name="wanted"/> accepts.</summary>
    public FeedSubscription<TValue> Subscribe(Func<TValue, bool> wanted)
    {
        lock (_gate)
        {
            var reader = new Reader(wanted);
            _readers.Add(reader);
            return new([.. _values.Values.Where(wanted)], ReadAsync(reader));
        }
    }

    private void Publish(List<Change<TValue>> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }

        List<Reader>? lost = null;
        foreach (var reader in _readers)
        {
            var batch = changes.Where(change => reader.Wanted(change.Value)).ToArray();
            if (batch.Length > 0 && !reader.Queue.Writer.TryWrite(batch))
            {
                (lost ??= []).Add(reader);
            }
        }

        foreach (var reader in lost ?? [])
        {
            _readers.Remove(reader);
            reader.Queue.Writer.TryComplete(new ErrorException(ErrorKind.Unavailable, "feed.lagged", "The reader of this feed fell too far behind. Subscribe again."));
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<Change<TValue>>> ReadAsync(Reader reader, [EnumeratorCancellation] CancellationToken ct = default)
    {
        try
        {
            await foreach (var batch in reader.Queue.Reader.ReadAllAsync(ct))
            {
                yield return batch;
            }
        }
        finally
        {
            lock (_gate)
            {
                _readers.Remove(reader);
            }
        }
    }

    private sealed class Reader(Func<TValue, bool> wanted)
    {
        public Func<TValue, bool> Wanted => wanted;

        public Channel<IReadOnlyList<Change<TValue>>> Queue { get; } =
            Channel.CreateBounded<IReadOnlyList<Change<TValue>>>(new BoundedChannelOptions(LongestQueue) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }
}
