using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>What networks have to know of containers: what they are called.</summary>
internal interface IContainerNames
{
    /// <summary>A container's name and description; null when there is none.</summary>
    (string Name, ContainerSpec Spec)? Describe(ContainerId id);
}
