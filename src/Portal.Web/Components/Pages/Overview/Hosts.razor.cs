using Microsoft.AspNetCore.Components;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;
using Portal.Web.Components.Pages.Containers;
using Portal.Web.Live;

namespace Portal.Web.Components.Pages.Overview;

/// <summary>All hosts at a glance.</summary>
public sealed partial class Hosts : LiveComponent
{
    private readonly Dictionary<ContainerKey, ContainerView> _containers = [];
    private Dictionary<HostId, IReadOnlyDictionary<ContainerState, int>> _counts = [];
    private Dictionary<HostId, HostView>? _hosts;

    [Inject] public required IFleetFeeds Feeds { get; init; }

    private string Summary
    {
        get
        {
            var connected = _hosts!.Values.Count(host => host.State == HostState.Connected);
            var running = _containers.Values.Count(container => container.State == ContainerState.Running);
            return $"{connected} of {_hosts.Count} connected · {running} of {_containers.Count} containers running";
        }
    }

    /// <inheritdoc/>
    protected override void OnInitialized()
    {
        Watch(() => Feeds.Hosts(Actor), snapshot => _hosts = snapshot.ToDictionary(host => host.Id), batch =>
        {
            foreach (var change in batch)
            {
                if (change.Kind == ChangeKind.Upsert)
                {
                    _hosts![change.Value.Id] = change.Value;
                }
                else
                {
                    _hosts!.Remove(change.Value.Id);
                }
            }
        });
        Watch(() => Feeds.Containers(Actor, null), snapshot =>
        {
            _containers.Clear();
            foreach (var container in snapshot)
            {
                _containers[ContainerKey.Of(container)] = container;
            }

            Count();
        }, batch =>
        {
            foreach (var change in batch)
            {
                if (change.Kind == ChangeKind.Upsert)
                {
                    _containers[ContainerKey.Of(change.Value)] = change.Value;
                }
                else
                {
                    _containers.Remove(ContainerKey.Of(change.Value));
                }
            }

            Count();
        });
    }

    private IReadOnlyDictionary<ContainerState, int> CountsOf(HostId host) => _counts.GetValueOrDefault(host) ?? new Dictionary<ContainerState, int>();

    private void Count() => _counts = _containers.Values.GroupBy(container => container.Host)
        .ToDictionary(group => group.Key, IReadOnlyDictionary<ContainerState, int> (group) => group.CountBy(container => container.State).ToDictionary());
}
