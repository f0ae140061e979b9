using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Asks for everything known of one container.</summary>
public sealed record InspectContainer(HostId Host, ContainerId Container);

internal sealed class InspectContainerHandler(HostCommand command, IAccessTargets targets, IHostGateway hosts) : IQueryHandler<InspectContainer, ContainerDetails>
{
    public Task<Result<ContainerDetails>> HandleAsync(InspectContainer query, Actor actor, CancellationToken ct) =>
        command.ReadAsync(actor, nameof(InspectContainer), Permission.ContainerRead, targets.Container(query.Host, query.Container), $"{query.Host}/{query.Container}", () => hosts.InspectAsync(query.Host, query.Container, ct), ct);
}
