using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Portal.Web.Live;

namespace Portal.Web.Components.Controls;

/// <summary>A live chart over the last minutes: lines, axes, and the values under the pointer.</summary>
public sealed partial class StatsChart : LiveComponent
{
    private ChartGeometry _geometry = default!;
    private ElementReference _plot;
    private DotNetObjectReference<StatsChart>? _self;
    private IJSObjectReference? _module;
    private double? _hover;

    [Inject] public required IJSRuntime Js { get; init; }

    [Inject] public required BrowserTime BrowserTime { get; init; }

    /// <summary>What the chart is about.</summary>
    [Parameter, EditorRequired] public required string Title { get; set; }

    /// <summary>The lines; one to four.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<StatsSeries> Series { get; set; }

    /// <summary>How a value reads.</summary>
    [Parameter, EditorRequired] public required Func<double, string> Format { get; set; }

    /// <summary>Top of the value axis; null fits the highest value shown.</summary>
    [Parameter] public double? Max { get; set; }

    /// <summary>A fitted top is never below this.</summary>
    [Parameter] public double Floor { get; set; } = 1;

    /// <summary>The values are bytes: round the top to powers of two.</summary>
    [Parameter] public bool Binary { get; set; }

    /// <summary>Length of the time axis in minutes.</summary>
    [Parameter] public int Minutes { get; set; } = 5;

    /// <summary>Shown until the first sample.</summary>
    [Parameter] public string EmptyText { get; set; } = "Waiting for the first sample";

    [Parameter] public string? Class { get; set; }

    [Parameter] public string? TestId { get; set; }

    private string Summary => Title + ": " + string.Join(", ", Series.Select(line => line.Points.Count > 0 ? $"{line.Name} {Format(line.Points[^1].Value)}" : line.Name));

    /// <summary>The pointer is over this part of the plot, 0 to 1; below zero it has left.</summary>
    [JSInvokable]
    public void Hover(double fraction)
    {
        _hover = fraction is >= 0 and <= 1 ? fraction : null;
        StateHasChanged();
    }

    /// <inheritdoc/>
    protected override void OnParametersSet() =>
        _geometry = ChartGeometry.Fit(Series, TimeSpan.FromMinutes(Minutes), Max, Floor, Binary, Clock.GetUtcNow());

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            try
            {
                _module = await Js.InvokeAsync<IJSObjectReference>("import", Leaving, "./Components/Controls/StatsChart.razor.js");
                await _module.InvokeVoidAsync("attach", Leaving, _plot, _self);
            }
            catch (Exception ex) when (ex is OperationCanceledException or JSDisconnectedException)
            {
                // Left before the script came.
            }
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask LeaveAsync()
    {
        _self?.Dispose();
        if (_module is not null)
        {
            try
            {
                await _module.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The browser is gone, and its script with it.
            }
        }
    }

    private List<(StatsSeries Line, ChartPoint Point)> Hovered(double fraction) =>
        [.. Series.Select(line => (line, _geometry.Nearest(line.Points, fraction))).Where(pair => pair.Item2 is not null).Select(pair => (pair.line, pair.Item2!.Value))];

    private static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
