namespace Portal.Runtime.Names;

/// <summary>
/// What servers outside have told one container, for a while. Every container has its own: what one has asked is no business of
/// another's. Bounded, oldest out first. Safe for concurrent use.
/// </summary>
internal sealed class AnswerCache(TimeProvider time)
{
    /// <summary>Answers at most.</summary>
    public const int MaximumCount = 128;

    /// <summary>Bytes of answers at most.</summary>
    public const int MaximumSize = 32 * 1024;

    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _oldestFirst = [];
    private Dictionary<Key, LinkedListNode<Entry>>? _entries;
    private int _size;

    private readonly record struct Key(DnsQuestion Question, ushort Bits, bool IsDnssecWanted)
    {
        // What else a server's answer depends on.
        public static Key Of(DnsQuery query) => new(query.Question, query.Bits, query.IsDnssecWanted);
    }

    private sealed record Entry(Key Key, DnsAnswer Answer, long Since);

    /// <summary>Answers kept.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries?.Count ?? 0;
            }
        }
    }

    /// <summary>An answer that still holds, and how old it is.</summary>
    public (DnsAnswer Answer, TimeSpan Age)? Find(DnsQuery query)
    {
        lock (_gate)
        {
            if (_entries is null || !_entries.TryGetValue(Key.Of(query), out var node))
            {
                return null;
            }

            var age = time.GetElapsedTime(node.Value.Since);
            if (age < node.Value.Answer.Lifetime)
            {
                return (node.Value.Answer, age);
            }

            Remove(node);
            return null;
        }
    }

    /// <summary>Keeps an answer if that is allowed.</summary>
    public void Keep(DnsQuery query, DnsAnswer answer)
    {
        if (answer.Lifetime <= TimeSpan.Zero || answer.Size > MaximumSize / 4)
        {
            return;
        }

        lock (_gate)
        {
            _entries ??= [];
            var key = Key.Of(query);
            if (_entries.TryGetValue(key, out var old))
            {
                Remove(old);
            }

            while (_entries.Count >= MaximumCount || _size + answer.Size > MaximumSize)
            {
                Remove(_oldestFirst.First!);
            }

            _entries[key] = _oldestFirst.AddLast(new Entry(key, answer, time.GetTimestamp()));
            _size += answer.Size;
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _entries = null;
            _oldestFirst.Clear();
            _size = 0;
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _oldestFirst.Remove(node);
        _entries!.Remove(node.Value.Key);
        _size -= node.Value.Answer.Size;
    }
}
