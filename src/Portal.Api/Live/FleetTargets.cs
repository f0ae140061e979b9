using Portal.Api.Docker;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <inheritdoc cref="IAccessTargets"/>
internal sealed class FleetTargets(Fleet fleet, IHostAccess hosts, DockerLookup lookup) : IAccessTargets
{
    public AccessTarget Host(HostId host) => hosts.Target(host);

    public AccessTarget Container(HostId host, ContainerId id) =>
        fleet.Containers.Find((host, id)) is { } known ? Container(known) : Unlabelled(host, ResourceKind.Container, id.Value);

    public AccessTarget Container(ContainerView container) => DockerResource.Place(hosts.Target(container.Host), ResourceKind.Container, container.Id.Value, container.Labels) with
    {
        Owners = hosts.Owners(container.Host, ResourceKind.Container, container.Id.Value),
    };

    public async ValueTask<AccessTarget> VolumeAsync(HostId host, string name, CancellationToken ct)
    {
        try
        {
            return (await lookup.FindAsync(hosts.Target(host), new DockerReference(ResourceKind.Volume, name, Permission.VolumeRead), ct))?.Target ?? Unlabelled(host, ResourceKind.Volume, name);
        }
        catch (ErrorException)
        {
            return Unlabelled(host, ResourceKind.Volume, name);
        }
    }

    /// <summary>What its labels are is not known, so no grant that goes by labels reaches it.</summary>
    private AccessTarget Unlabelled(HostId host, ResourceKind kind, string id) => DockerResource.Place(hosts.Target(host), kind, id, null) with { Owners = hosts.Owners(host, kind, id) };
}
