using Portal.Domain.Containers;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>One row of the container list: what the engine said last, and the recent load.</summary>
public sealed class ContainerRow
{
    /// <summary>How many samples the small chart shows.</summary>
    public const int HistoryLength = 30;

    private readonly List<double> _cpu = [];

    internal ContainerRow(ContainerView view) => View = view;

    public ContainerView View { get; private set; }

    public ContainerKey Key => ContainerKey.Of(View);

    /// <summary>The newest sample while the container runs; null otherwise.</summary>
    public ContainerStats? Stats { get; private set; }

    /// <summary>CPU percent of the last samples, oldest first.</summary>
    public IReadOnlyList<double> CpuHistory => _cpu;

    /// <summary>Grows with every change, so that a row renders only when it has something new to show.</summary>
    public int Version { get; private set; }

    internal void Set(ContainerView view)
    {
        View = view;
        Version++;
        if (!view.State.IsActive())
        {
            Stats = null;
            _cpu.Clear();
        }
    }

    internal void Set(ContainerStats stats)
    {
        Stats = stats;
        Version++;
        if (_cpu.Count == HistoryLength)
        {
            _cpu.RemoveAt(0);
        }

        _cpu.Add(stats.CpuPercent);
    }
}
