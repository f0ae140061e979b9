using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Removes a container.</summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Container">The container.</param>
/// <param name="Force">Kill it first when it runs; otherwise a running container is a conflict.</param>
/// <param name="RemoveVolumes">Remove its anonymous volumes too.</param>
public sealed record RemoveContainer(HostId Host, ContainerId Container, bool Force, bool RemoveVolumes);
