using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;
using Portal.Web.Components.Controls;
using Portal.Web.Live;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>One container: state and actions, facts, load, log.</summary>
public sealed partial class ContainerScreen : LiveComponent
{
    private static readonly (string Tab, string Label)[] s_tabs = [("overview", "Overview"), ("stats", "Stats"), ("logs", "Logs")];

    private ContainerView? _view;
    private ContainerDetails? _details;
    private Error? _inspectError;
    private ContainerAction? _busy;
    private string? _hostName;
    private bool _known;
    private bool _gone;
    private int _inspections;

    [Inject] public required IFleetFeeds Feeds { get; init; }

    [Inject] public required ContainerCommands Commands { get; init; }

    [Inject] public required IDialogService Dialogs { get; init; }

    [Inject] public required ISnackbar Snackbar { get; init; }

    /// <summary>Which container.</summary>
    [Parameter, EditorRequired] public ContainerKey Key { get; set; }

    [SupplyParameterFromQuery(Name = "tab")] private string? TabName { get; set; }

    private string Tab => TabName is "stats" or "logs" ? TabName : "overview";

    private string Name => _view?.Name ?? Key.Id.Abbreviated;

    private string HostName => _hostName ?? Key.Host.Value;

    /// <inheritdoc/>
    protected override void OnInitialized()
    {
        Watch(() => Feeds.Containers(Actor, Key.Host), snapshot =>
        {
            var had = _view is not null;
            var found = snapshot.FirstOrDefault(view => view.Id == Key.Id);
            _known = true;
            _gone = had && found is null;
            See(found ?? _view);
        }, batch =>
        {
            foreach (var change in batch)
            {
                if (change.Value.Id == Key.Id)
                {
                    _gone = change.Kind == ChangeKind.Remove;
                    See(change.Value);
                }
            }
        });
        Watch(() => Feeds.Hosts(Actor), NameHost, batch => NameHost([.. batch.Select(change => change.Value)]));
    }

    private void NameHost(IReadOnlyList<HostView> hosts) => _hostName = hosts.FirstOrDefault(host => host.Id == Key.Host)?.Name ?? _hostName;

    private void See(ContainerView? view)
    {
        _view = view;
        if (view is not null && !_gone)
        {
            While(InspectAsync);
        }
    }

    // What the list knows changes first; the rest is asked for again. Of two answers under way, the later question wins.
    private async Task InspectAsync(CancellationToken ct)
    {
        var mine = Interlocked.Increment(ref _inspections);
        var result = await Commands.InspectAsync(Key, Actor, ct);
        await InvokeAsync(() =>
        {
            if (mine == _inspections)
            {
                (_details, _inspectError) = result.Error is { } error ? (_details, error) : (result.Value, null);
                StateHasChanged();
            }
        });
    }

    private async Task ActAsync(ContainerAction action)
    {
        if (_view is not { } view || await ContainerQuestions.ConfirmAsync(Dialogs, action, [view]) is not { } removeVolumes)
        {
            return;
        }

        _busy = action;
        try
        {
            Snackbar.Report(action, view.Name, await Commands.RunAsync(action, view, Actor, removeVolumes, Leaving));
        }
        catch (OperationCanceledException) when (Leaving.IsCancellationRequested)
        {
            // The reader left; the engine finishes what it began.
        }
        finally
        {
            _busy = null;
        }
    }

    private static string Limit(long bytes) => bytes > 0 ? ByteSize.Format(bytes) : "that of the host";
}
