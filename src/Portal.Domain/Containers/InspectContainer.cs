using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Asks for everything known of one container.</summary>
public sealed record InspectContainer(HostId Host, ContainerId Container);

internal sealed class InspectContainerHandler(IAccessPolicy access, IAccessTargets targets, IHostGateway hosts) : IQueryHandler<InspectContainer, ContainerDetails>
{
    public async Task<Result<ContainerDetails>> HandleAsync(InspectContainer query, Actor actor, CancellationToken ct) =>
        access.Check(actor, Permission.ContainerRead, targets.Container(query.Host, query.Container)) is { } denied ? denied : await hosts.InspectAsync(query.Host, query.Container, ct);
}
