using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>What the list can be ordered by.</summary>
public enum ContainerColumn
{
    Name,
    State,
    Image,
    Host,
    Cpu,
    Memory,
    Created,
}

/// <summary>State of the container list: the live rows, search, filter, order and selection.</summary>
internal sealed class ContainerTable
{
    private readonly Dictionary<ContainerKey, ContainerRow> _rows = [];
    private readonly HashSet<ContainerKey> _selected = [];
    private List<ContainerRow>? _shown;

    /// <summary>Every word must occur in the name, image, id, host, or a published port.</summary>
    public string Search { get; set => Refit(field = value); } = "";

    /// <summary>Only containers in this state; null for all.</summary>
    public ContainerState? State { get; set => Refit(field = value); }

    public ContainerColumn Column { get; private set; } = ContainerColumn.Name;

    public bool Descending { get; private set; }

    /// <summary>Names of hosts by id, as far as known.</summary>
    public IReadOnlyDictionary<HostId, string> HostNames { get; set => Refit(field = value); } = new Dictionary<HostId, string>();

    /// <summary>All containers, whether shown or not.</summary>
    public int Total => _rows.Count;

    /// <summary>The rows that match, in order.</summary>
    public List<ContainerRow> Shown => _shown ??= Fit();

    public int SelectedCount => _selected.Count;

    /// <summary>The selected rows, in the list's order of names.</summary>
    public IReadOnlyList<ContainerRow> Selected => [.. _selected.Select(key => _rows[key]).OrderBy(row => row.View.Name, StringComparer.OrdinalIgnoreCase)];

    /// <summary>True when every shown row is selected; null when only some are.</summary>
    public bool? AllShownSelected
    {
        get
        {
            var selected = Shown.Count(row => _selected.Contains(row.Key));
            return selected == 0 ? false : selected == Shown.Count ? true : null;
        }
    }

    /// <summary>How many containers are in each state.</summary>
    public IReadOnlyDictionary<ContainerState, int> Counts => _rows.Values.CountBy(row => row.View.State).ToDictionary();

    public string HostName(HostId host) => HostNames.TryGetValue(host, out var name) ? name : host.Value;

    public bool IsSelected(ContainerKey key) => _selected.Contains(key);

    /// <summary>Replaces everything. What is still there stays selected.</summary>
    public void Reset(IReadOnlyList<ContainerView> snapshot)
    {
        var old = new Dictionary<ContainerKey, ContainerRow>(_rows);
        _rows.Clear();
        foreach (var view in snapshot)
        {
            Put(view, old.GetValueOrDefault(ContainerKey.Of(view)));
        }

        _selected.RemoveWhere(key => !_rows.ContainsKey(key));
        _shown = null;
    }

    public void Apply(IReadOnlyList<Change<ContainerView>> batch)
    {
        foreach (var change in batch)
        {
            var key = ContainerKey.Of(change.Value);
            switch (change.Kind)
            {
                case ChangeKind.Upsert:
                    Put(change.Value, _rows.GetValueOrDefault(key));
                    break;
                case ChangeKind.Remove:
                    _rows.Remove(key);
                    _selected.Remove(key);
                    break;
            }
        }

        _shown = null;
    }

    /// <summary>Takes the newest samples. A sample of a container that is gone or not running is late and ignored.</summary>
    public void Measure(IReadOnlyList<ContainerStats> samples)
    {
        var byId = samples.ToLookup(sample => sample.Id);
        foreach (var row in _rows.Values)
        {
            if (row.View.State.IsActive() && byId[row.View.Id].LastOrDefault() is { } sample)
            {
                row.Set(sample);
            }
        }

        if (Column is ContainerColumn.Cpu or ContainerColumn.Memory)
        {
            _shown = null;
        }
    }

    /// <summary>Orders by a column; the same column again turns the order round. Load starts with the highest, age with the newest.</summary>
    public void SortBy(ContainerColumn column)
    {
        Descending = column == Column ? !Descending : column is ContainerColumn.Cpu or ContainerColumn.Memory or ContainerColumn.Created;
        Column = column;
        _shown = null;
    }

    public void Select(ContainerKey key, bool selected)
    {
        if (!selected)
        {
            _selected.Remove(key);
        }
        else if (_rows.ContainsKey(key))
        {
            _selected.Add(key);
        }
    }

    public void SelectShown(bool selected)
    {
        foreach (var row in Shown)
        {
            Select(row.Key, selected);
        }
    }

    public void SelectNone() => _selected.Clear();

    private void Put(ContainerView view, ContainerRow? row)
    {
        if (row is null)
        {
            row = new(view);
        }
        else
        {
            row.Set(view);
        }

        _rows[row.Key] = row;
    }

    private void Refit(object? _) => _shown = null;

    private List<ContainerRow> Fit()
    {
        var words = Search.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var rows = _rows.Values.Where(row => (State is null || row.View.State == State) && words.All(word => Matches(row.View, word)));
        // The name as the second key keeps rows of equal load from trading places every second.
        var ordered = Column switch
        {
            ContainerColumn.Name => Order(rows, row => row.View.Name, StringComparer.OrdinalIgnoreCase),
            ContainerColumn.State => Order(rows, row => row.View.State, null),
            ContainerColumn.Image => Order(rows, row => row.View.Image, StringComparer.OrdinalIgnoreCase),
            ContainerColumn.Host => Order(rows, row => HostName(row.View.Host), StringComparer.OrdinalIgnoreCase),
            ContainerColumn.Cpu => Order(rows, row => row.Stats?.CpuPercent ?? -1, null),
            ContainerColumn.Memory => Order(rows, row => row.Stats?.MemoryBytes ?? -1, null),
            ContainerColumn.Created => Order(rows, row => row.View.Created, null),
        };
        return [.. ordered.ThenBy(row => row.View.Name, StringComparer.OrdinalIgnoreCase).ThenBy(row => row.View.Id.Value, StringComparer.Ordinal)];
    }

    private IOrderedEnumerable<ContainerRow> Order<TKey>(IEnumerable<ContainerRow> rows, Func<ContainerRow, TKey> key, IComparer<TKey>? comparer) =>
        Descending ? rows.OrderByDescending(key, comparer) : rows.OrderBy(key, comparer);

    private bool Matches(ContainerView view, string word) =>
        view.Name.Contains(word, StringComparison.OrdinalIgnoreCase)
        || view.Image.Contains(word, StringComparison.OrdinalIgnoreCase)
        || view.Id.Value.StartsWith(word, StringComparison.OrdinalIgnoreCase)
        || HostName(view.Host).Contains(word, StringComparison.OrdinalIgnoreCase)
        || view.Ports.Any(port => port.HostPort?.ToString(System.Globalization.CultureInfo.InvariantCulture) == word);
}
