using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Starts a created or stopped container on its host.</summary>
public sealed record StartContainer(HostId Host, ContainerId Container);

internal sealed class StartContainerHandler(ContainerCommand command, IHostGateway hosts) : IHandler<StartContainer>
{
    public Task<Result> HandleAsync(StartContainer request, Actor actor, CancellationToken ct) =>
        command.RunAsync(actor, nameof(StartContainer), Permission.ContainerStart, request.Host, request.Container,
            () => hosts.StartAsync(request.Host, request.Container, ct), ct);
}
