using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;
using Portal.Web.Live;

namespace Portal.Web.Components.Controls;

/// <summary>
/// A container's log, live. Only the rows in view exist in the browser; the lines themselves are bounded. Log text is
/// untrusted and only ever becomes text nodes.
/// </summary>
public sealed partial class LogViewer : LiveComponent
{
    private const int RowHeight = 20;
    private const int Overscan = 24;

    // Rows of broken lines differ in height, so none can be left out; this many stay quick.
    private const int WrappedRows = 1000;

    private readonly LogBuffer _buffer = new();
    private ElementReference _scroll;
    private DotNetObjectReference<LogViewer>? _self;
    private IJSObjectReference? _module;
    private IJSObjectReference? _view;
    private TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Error? _problem;
    private bool _follow = true;
    private bool _times = true;
    private bool _wrap;
    private double _top;
    private double _height = 600;
    private int _news;

    [Inject] public required IFleetFeeds Feeds { get; init; }

    [Inject] public required IJSRuntime Js { get; init; }

    [Inject] public required BrowserTime BrowserTime { get; init; }

    /// <summary>Host of the container.</summary>
    [Parameter, EditorRequired] public HostId Host { get; set; }

    /// <summary>Whose log.</summary>
    [Parameter, EditorRequired] public ContainerId Container { get; set; }

    /// <summary>Name of the container, for the file name of a download.</summary>
    [Parameter, EditorRequired] public required string Name { get; set; }

    /// <summary>Whether it runs; when it starts again, the log goes on.</summary>
    [Parameter, EditorRequired] public bool Running { get; set; }

    private (int First, int End) Window
    {
        get
        {
            if (_wrap)
            {
                return (Math.Max(0, _buffer.Count - WrappedRows), _buffer.Count);
            }

            var rows = (int)(_height / RowHeight) + 1;
            var first = _follow ? _buffer.Count - rows : (int)(_top / RowHeight);
            first = Math.Clamp(first - Overscan, 0, Math.Max(0, _buffer.Count - rows));
            return (first, Math.Min(_buffer.Count, first + rows + (2 * Overscan)));
        }
    }

    private string Counted => _buffer.Filter.Length > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{_buffer.Count:N0} of {_buffer.Total:N0} lines")
        : string.Create(CultureInfo.InvariantCulture, $"{_buffer.Total:N0} lines{(_wrap && _buffer.Count > WrappedRows ? $", last {WrappedRows:N0} shown" : _buffer.Total == LogBuffer.DefaultCapacity ? " (the newest)" : "")}");

    /// <summary>Where the reader scrolled to.</summary>
    [JSInvokable]
    public void Scrolled(double top, double height, bool follow)
    {
        (_top, _height) = (top, height);
        if (follow != _follow)
        {
            (_follow, _news) = (follow, 0);
        }

        StateHasChanged();
    }

    /// <inheritdoc/>
    protected override void OnInitialized() => While(ReadAsync);

    /// <inheritdoc/>
    protected override void OnParametersSet()
    {
        if (Running)
        {
            _started.TrySetResult();
        }
        else if (_started.Task.IsCompleted)
        {
            _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        _self = DotNetObjectReference.Create(this);
        try
        {
            _module = await Js.InvokeAsync<IJSObjectReference>("import", Leaving, "./Components/Controls/LogViewer.razor.js");
            _view = await _module.InvokeAsync<IJSObjectReference>("attach", Leaving, _scroll, _self, RowHeight);
        }
        catch (Exception ex) when (ex is OperationCanceledException or JSDisconnectedException)
        {
            // Left before the script came.
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask LeaveAsync()
    {
        try
        {
            if (_view is not null)
            {
                await _view.InvokeVoidAsync("dispose");
                await _view.DisposeAsync();
            }

            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The browser is gone, and its script with it.
        }

        _self?.Dispose();
    }

    // Follows until the container ends, waits until it runs again, goes on after the last line seen.
    private async Task ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            var seen = _buffer.Newest;
            Error? error = null;
            try
            {
                var result = Feeds.Logs(Actor, Host, Container, new(seen is null ? 1000 : null, seen, Follow: true), ct);
                error = result.Error;
                if (error is null)
                {
                    await foreach (var batch in result.Value.WithCancellation(ct))
                    {
                        await InvokeAsync(() => Take(batch, seen));
                    }
                }
            }
            catch (ErrorException lost) when (!ct.IsCancellationRequested)
            {
                error = lost.Error;
            }

            if (error?.Kind is ErrorKind.Forbidden or ErrorKind.NotFound)
            {
                await InvokeAsync(() => Show(error));
                return;
            }

            if (error is not null && error.Code != "feed.lagged")
            {
                await InvokeAsync(() => Show(error));
            }

            await Task.Delay(TimeSpan.FromSeconds(1), Clock, ct);
            if (error is null)
            {
                await _started.Task.WaitAsync(ct);
            }
        }
    }

    private void Take(IReadOnlyList<LogLine> batch, DateTimeOffset? seen)
    {
        // "Since" includes the moment itself: what was there before is not shown twice.
        var lines = seen is { } last && batch.Count > 0 && batch[0].Time <= last ? [.. batch.Where(line => line.Time > last)] : batch;
        var before = _buffer.Count;
        _problem = null;
        _buffer.Append(lines);
        _news += _follow ? 0 : _buffer.Filter.Length == 0 ? lines.Count : Math.Max(0, _buffer.Count - before);
        StateHasChanged();
    }

    private void Show(Error? error)
    {
        _problem = error;
        StateHasChanged();
    }

    private void Search(string? text)
    {
        _buffer.Search(text ?? "");
        (_top, _news) = (0, 0);
    }

    private void Clear()
    {
        _buffer.Clear();
        (_top, _news) = (0, 0);
    }

    private async Task FollowAsync(bool follow)
    {
        (_follow, _news) = (follow, 0);
        if (_view is not null)
        {
            await _view.InvokeVoidAsync("follow", Leaving, follow);
        }
    }

    private async Task DownloadAsync()
    {
        var text = new StringBuilder();
        for (var i = 0; i < _buffer.Count; i++)
        {
            text.Append(_buffer[i].Line.Time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)).Append(_buffer[i].Line.IsError ? " err " : " out ").Append(_buffer[i].Plain).Append('\n');
        }

        if (_module is not null)
        {
            using var content = new DotNetStreamReference(new MemoryStream(Encoding.UTF8.GetBytes(text.ToString())));
            await _module.InvokeVoidAsync("download", Leaving, $"{Name}.log", content);
        }
    }

    private static string? Pressed(bool on) => on ? "on" : null;

    private static string Aria(bool on) => on ? "true" : "false";
}
