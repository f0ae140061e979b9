using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Stops a container, if it runs, and starts it.</summary>
public sealed record RestartContainer(HostId Host, ContainerId Container);
