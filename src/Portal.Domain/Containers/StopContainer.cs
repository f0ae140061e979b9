using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Stops a running container with its own stop signal and timeout.</summary>
public sealed record StopContainer(HostId Host, ContainerId Container);
