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

    public AccessTarget Volume(HostId host, string name) => new(host) { Kind = ResourceKind.Volume, Id = name };
}
