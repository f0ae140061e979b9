using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <summary>What the portal knows of all hosts at this moment. The watcher writes it, feeds and endpoints read it.</summary>
internal sealed class Fleet
{
    /// <summary>Hosts.</summary>
    public LiveTable<HostId, HostView> Hosts { get; } = new(host => host.Id);

    /// <summary>Containers. Those of an unreachable host stay as they were last seen.</summary>
    public LiveTable<(HostId, ContainerId), ContainerView> Containers { get; } = new(container => (container.Host, container.Id));

    /// <summary>Samples.</summary>
    public StatsBoard Stats { get; } = new();

    /// <summary>Sets one host.</summary>
    public void Set(HostView host) => Hosts.Replace(view => view.Id == host.Id, [host], (a, b) => a == b);

    /// <summary>Sets all containers of a host.</summary>
    public void SetAll(HostId host, IReadOnlyList<ContainerView> containers) =>
        Forget(Containers.Replace(view => view.Host == host, containers, Same));

    /// <summary>Sets some containers of a host; those of <paramref name="only"/> that are not among <paramref name="containers"/> are gone.</summary>
    public void SetSome(HostId host, IReadOnlyCollection<ContainerId> only, IReadOnlyList<ContainerView> containers) =>
        Forget(Containers.Replace(view => view.Host == host && only.Contains(view.Id), containers, Same));

    private static bool Same(ContainerView a, ContainerView b) =>
        a with { Ports = b.Ports, Labels = b.Labels, Networks = b.Networks } == b && a.Ports.SequenceEqual(b.Ports) && a.Networks.SequenceEqual(b.Networks)
        && a.Labels.Count == b.Labels.Count && a.Labels.All(label => b.Labels.TryGetValue(label.Key, out var value) && value == label.Value);

    private void Forget(IReadOnlyList<ContainerView> removed)
    {
        foreach (var container in removed)
        {
            Stats.Forget(container.Host, container.Id);
        }
    }
}
