using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Ends a running container at once (SIGKILL).</summary>
public sealed record KillContainer(HostId Host, ContainerId Container);
