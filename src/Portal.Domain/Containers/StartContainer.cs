using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Starts a created or stopped container on its host.</summary>
public sealed record StartContainer(HostId Host, ContainerId Container);
