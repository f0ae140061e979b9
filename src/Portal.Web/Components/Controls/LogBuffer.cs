using Portal.Domain.Containers;

namespace Portal.Web.Components.Controls;

/// <summary>A line kept for display.</summary>
/// <param name="sequence">Counts up by one per line.</param>
/// <param name="line">The line as the engine sent it.</param>
internal sealed class LogEntry(long sequence, LogLine line)
{
    private IReadOnlyList<AnsiRun>? _runs;
    private string? _plain;

    public long Sequence { get; } = sequence;

    public LogLine Line { get; } = line;

    // Parsed when first looked at: most lines of a busy log scroll by unseen.
    public IReadOnlyList<AnsiRun> Runs => _runs ??= AnsiText.Parse(Line.Text);

    public string Plain => _plain ??= AnsiText.Plain(Runs);
}

/// <summary>The last lines of a log, and those of them that match a search.</summary>
internal sealed class LogBuffer(int capacity = LogBuffer.DefaultCapacity)
{
    public const int DefaultCapacity = 10_000;

    private readonly Ring<LogEntry> _all = new(capacity);
    private Ring<LogEntry>? _matching;
    private long _next;

    /// <summary>Only lines that contain this, in any case; empty for all.</summary>
    public string Filter { get; private set; } = "";

    /// <summary>Lines kept.</summary>
    public int Total => _all.Count;

    /// <summary>Lines to show.</summary>
    public int Count => Shown.Count;

    /// <summary>How many shown lines have been dropped at the top since <see cref="Generation"/> last changed; the view shifts by as many rows.</summary>
    public long Dropped { get; private set; }

    /// <summary>Grows whenever the shown lines are others altogether (search changed, cleared).</summary>
    public int Generation { get; private set; }

    public LogEntry this[int index] => Shown[index];

    /// <summary>Time of the newest line kept, or null.</summary>
    public DateTimeOffset? Newest { get; private set; }

    private Ring<LogEntry> Shown => _matching ?? _all;

    public void Append(IReadOnlyList<LogLine> lines)
    {
        foreach (var line in lines)
        {
            var entry = new LogEntry(_next++, line);
            var full = _all.Count == capacity;
            _all.Add(entry);
            Newest = line.Time;
            if (_matching is null)
            {
                Dropped += full ? 1 : 0;
                continue;
            }

            while (_matching.Count > 0 && _matching[0].Sequence < _all[0].Sequence)
            {
                _matching.RemoveFirst();
                Dropped++;
            }

            if (Matches(entry))
            {
                _matching.Add(entry);
            }
        }
    }

    /// <summary>Shows only lines that contain <paramref name="filter"/>.</summary>
    public void Search(string filter)
    {
        Filter = filter;
        (Dropped, Generation) = (0, Generation + 1);
        _matching = null;
        if (filter.Length > 0)
        {
            var matching = new Ring<LogEntry>(capacity);
            for (var i = 0; i < _all.Count; i++)
            {
                if (Matches(_all[i]))
                {
                    matching.Add(_all[i]);
                }
            }

            _matching = matching;
        }
    }

    /// <summary>Forgets every line; the search stays.</summary>
    public void Clear()
    {
        _all.Clear();
        _matching?.Clear();
        (Dropped, Generation) = (0, Generation + 1);
    }

    private bool Matches(LogEntry entry) => entry.Plain.Contains(Filter, StringComparison.OrdinalIgnoreCase);

    private sealed class Ring<T>(int capacity)
    {
        private readonly List<T> _items = [];
        private int _first;

        public int Count => _items.Count - _first;

        public T this[int index] => _items[_first + index];

        public void Add(T item)
        {
            if (Count == capacity)
            {
                RemoveFirst();
            }

            _items.Add(item);
        }

        public void RemoveFirst()
        {
            _items[_first++] = default!;
            // Moving the rest down once per half capacity keeps the cost of a drop constant on average.
            if (_first > Math.Max(16, capacity / 2))
            {
                _items.RemoveRange(0, _first);
                _first = 0;
            }
        }

        public void Clear()
        {
            _items.Clear();
            _first = 0;
        }
    }
}
