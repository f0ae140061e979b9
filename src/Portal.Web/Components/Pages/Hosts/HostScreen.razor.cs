using System.Globalization;
using Microsoft.AspNetCore.Components;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;
using Portal.Web.Components.Controls;
using Portal.Web.Live;

namespace Portal.Web.Components.Pages.Hosts;

/// <summary>One host: its load, its machine, its containers.</summary>
public sealed partial class HostScreen : LiveComponent
{
    private readonly SampleWindow<HostStats> _samples = new(sample => sample.Time, TimeSpan.FromMinutes(5));
    private HostView? _host;
    private bool _known;
    private IReadOnlyList<StatsSeries> _cpu = [new("CPU", 1, [])];
    private IReadOnlyList<StatsSeries> _memory = [new("Used", 2, [])];
    private IReadOnlyList<StatsSeries> _disk = [new("Used", 3, [])];
    private IReadOnlyList<StatsSeries> _load = [new("1 min", 4, [])];

    [Inject] public required IFleetFeeds Feeds { get; init; }

    /// <summary>Which host.</summary>
    [Parameter, EditorRequired] public HostId Id { get; set; }

    private string Name => _host?.Name ?? Id.Value;

    private string MemoryTitle => _samples.Newest is { } s ? $"Memory of {ByteSize.Format(s.MemoryTotalBytes)}" : "Memory";

    private string DiskTitle => _samples.Newest is { } s ? $"Disk of {ByteSize.Format(s.DiskTotalBytes)}" : "Disk";

    /// <inheritdoc/>
    protected override void OnInitialized()
    {
        Watch(() => Feeds.Hosts(Actor), snapshot => (_host, _known) = (snapshot.FirstOrDefault(host => host.Id == Id), true), batch =>
        {
            foreach (var change in batch)
            {
                if (change.Value.Id == Id)
                {
                    _host = change.Kind == ChangeKind.Upsert ? change.Value : null;
                }
            }
        });
        Watch(ct => Feeds.HostStats(Actor, Id, ct), batch =>
        {
            _samples.Add(batch);
            _cpu = Series("CPU", 1, sample => sample.CpuPercent);
            _memory = Series("Used", 2, sample => sample.MemoryUsedBytes);
            _disk = Series("Used", 3, sample => sample.DiskUsedBytes);
            _load = Series("1 min", 4, sample => sample.Load1);
        });
    }

    private StatsSeries[] Series(string name, int tone, Func<HostStats, double> value) =>
        [new(name, tone, [.. _samples.Samples.Select(sample => new ChartPoint(sample.Time, value(sample)))])];

    private static string Percent(double value) => value.ToString("0.#", CultureInfo.InvariantCulture) + " %";

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
