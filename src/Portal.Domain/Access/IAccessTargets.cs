using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>
/// What is known of things at this moment, for the policy to decide on: a host's groups, a resource's labels, stack and owners. What is not known is left
/// out, and then no grant that goes by it reaches.
/// </summary>
public interface IAccessTargets
{
    /// <summary>A host as a whole.</summary>
    AccessTarget Host(HostId host);

    /// <summary>A container, by full id.</summary>
    AccessTarget Container(HostId host, ContainerId id);

    /// <summary>A container that was just looked at.</summary>
    AccessTarget Container(ContainerView container);

    /// <summary>A volume. Only its engine knows its labels; while that does not answer, they are not known.</summary>
    ValueTask<AccessTarget> VolumeAsync(HostId host, string name, CancellationToken ct);
}
