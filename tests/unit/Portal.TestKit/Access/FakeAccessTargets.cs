using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.TestKit.Access;

/// <summary>Knows where things are and what they are called, and nothing else.</summary>
public sealed class FakeAccessTargets : IAccessTargets
{
    public AccessTarget Host(HostId host) => new(host);

    public AccessTarget Container(HostId host, ContainerId id) => new(host) { Kind = ResourceKind.Container, Id = id.Value };

    public AccessTarget Container(ContainerView container) => Container(container.Host, container.Id) with { Labels = container.Labels };

    public ValueTask<AccessTarget> VolumeAsync(HostId host, string name, CancellationToken ct) => new(new AccessTarget(host) { Kind = ResourceKind.Volume, Id = name });
}
