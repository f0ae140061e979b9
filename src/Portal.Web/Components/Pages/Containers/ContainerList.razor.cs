using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;
using Portal.Web.Live;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>The live list of containers, of one host or of all.</summary>
public sealed partial class ContainerList : LiveComponent
{
    private static readonly (ContainerAction Action, string Icon)[] s_actions =
    [
        (ContainerAction.Start, Icons.Material.Rounded.PlayArrow),
        (ContainerAction.Stop, Icons.Material.Rounded.Stop),
        (ContainerAction.Restart, Icons.Material.Rounded.RestartAlt),
        (ContainerAction.Kill, Icons.Material.Rounded.Bolt),
        (ContainerAction.Remove, Icons.Material.Rounded.Delete),
    ];

    private readonly ContainerTable _table = new();
    private readonly Dictionary<ContainerKey, bool> _busy = [];
    private readonly Dictionary<HostId, string> _hosts = [];
    private ContainerAction? _bulk;
    private bool _known;

    [Inject] public required IFleetFeeds Feeds { get; init; }

    [Inject] public required ContainerCommands Commands { get; init; }

    [Inject] public required IAccessPolicy Policy { get; init; }

    [Inject] public required IAccessTargets Targets { get; init; }

    [Inject] public required IDialogService Dialogs { get; init; }

    [Inject] public required ISnackbar Snackbar { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>Only this host's; null for all.</summary>
    [Parameter] public HostId? Host { get; set; }

    [SupplyParameterFromQuery(Name = "q")] private string? Query { get; set; }

    [SupplyParameterFromQuery(Name = "state")] private string? State { get; set; }

    private IEnumerable<(ContainerState State, int Count)> Filters
    {
        get
        {
            var counts = _table.Counts;
            return Enum.GetValues<ContainerState>()
                .Where(state => state is ContainerState.Running or ContainerState.Exited || counts.ContainsKey(state) || _table.State == state)
                .OrderBy(state => state == ContainerState.Running ? -1 : (int)state)
                .Select(state => (state, counts.GetValueOrDefault(state)));
        }
    }

    /// <inheritdoc/>
    protected override void OnInitialized()
    {
        Watch(() => Feeds.Containers(Actor, Host), snapshot =>
        {
            _table.Reset(snapshot);
            _known = true;
        }, _table.Apply);
        Watch(ct => Feeds.ContainerStats(Actor, Host, ct), _table.Measure);
        Watch(() => Feeds.Hosts(Actor), snapshot => NameHosts(snapshot), batch => NameHosts([.. batch.Select(change => change.Value)]));
    }

    /// <inheritdoc/>
    protected override void OnParametersSet()
    {
        // The address is the truth: back, forward and a shared link show the same list.
        var state = Enum.TryParse<ContainerState>(State, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) ? parsed : (ContainerState?)null;
        if (_table.State != state)
        {
            _table.State = state;
        }

        if (_table.Search != (Query ?? ""))
        {
            _table.Search = Query ?? "";
        }
    }

    private void NameHosts(IReadOnlyList<HostView> hosts)
    {
        foreach (var host in hosts)
        {
            _hosts[host.Id] = host.Name;
        }

        _table.HostNames = _hosts;
    }

    private void Search(string? text)
    {
        _table.Search = text ?? "";
        Address("q", string.IsNullOrWhiteSpace(text) ? null : text);
    }

    private void Filter(ContainerState? state)
    {
        _table.State = state;
        Address("state", state?.ToString().ToLowerInvariant());
    }

    private void ShowAll()
    {
        (_table.Search, _table.State) = ("", null);
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["q"] = null, ["state"] = null }), replace: true);
    }

    private void Address(string name, string? value) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameter(name, value), replace: true);

    private void Sort(ContainerColumn column) => _table.SortBy(column);

    private void Choose((ContainerRow Row, bool Selected) choice) => _table.Select(choice.Row.Key, choice.Selected);

    private List<ContainerView> Fitting(ContainerAction action) =>
        [.. _table.Selected.Select(row => row.View).Where(view => action.Fits(view.State) && Policy.Check(Actor, action.Permission(), Targets.Container(view)) is null)];

    private async Task ActAsync((ContainerRow Row, ContainerAction Action) wish)
    {
        var view = wish.Row.View;
        var key = wish.Row.Key;
        if (await ContainerQuestions.ConfirmAsync(Dialogs, wish.Action, [view]) is not { } removeVolumes || !_busy.TryAdd(key, true))
        {
            return;
        }

        try
        {
            var result = await Commands.RunAsync(wish.Action, view, Actor, removeVolumes, Leaving);
            Snackbar.Report(wish.Action, view.Name, result);
        }
        catch (OperationCanceledException) when (Leaving.IsCancellationRequested)
        {
            // The reader left; the engine finishes what it began.
        }
        finally
        {
            _busy.Remove(key);
        }
    }

    private async Task BulkAsync(ContainerAction action)
    {
        var views = Fitting(action);
        if (views.Count == 0 || await ContainerQuestions.ConfirmAsync(Dialogs, action, views) is not { } removeVolumes)
        {
            return;
        }

        _bulk = action;
        try
        {
            var skipped = _table.SelectedCount - views.Count;
            var outcome = await Commands.RunAsync(action, views, Actor, removeVolumes, Leaving);
            Snackbar.Report(action, outcome, skipped);
        }
        catch (OperationCanceledException) when (Leaving.IsCancellationRequested)
        {
            // The reader left; the engine finishes what it began.
        }
        finally
        {
            _bulk = null;
        }
    }
}
