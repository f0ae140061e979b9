using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <inheritdoc cref="IAccessTargets"/>
internal sealed class FleetTargets(Fleet fleet, IHostAccess hosts) : IAccessTargets
{
    private static readonly string[] s_stackLabels = ["com.docker.stack.namespace", "com.docker.compose.project"];

    public AccessTarget Host(HostId host) => hosts.Target(host);

    public AccessTarget Container(HostId host, ContainerId id) =>
        fleet.Containers.Find((host, id)) is { } known ? Container(known) : Resource(host, ResourceKind.Container, id.Value);

    public AccessTarget Container(ContainerView container) => Resource(container.Host, ResourceKind.Container, container.Id.Value) with
    {
        Labels = container.Labels,
        Stack = s_stackLabels.Select(label => container.Labels.GetValueOrDefault(label)).FirstOrDefault(name => name is { Length: > 0 }),
    };

    public AccessTarget Volume(HostId host, string name) => Resource(host, ResourceKind.Volume, name);

    private AccessTarget Resource(HostId host, ResourceKind kind, string id) => hosts.Target(host) with { Kind = kind, Id = id, Owners = hosts.Owners(host, kind, id) };
}
