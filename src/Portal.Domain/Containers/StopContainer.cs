using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Stops a running container with its own stop signal and timeout.</summary>
public sealed record StopContainer(HostId Host, ContainerId Container);

internal sealed class StopContainerHandler(ContainerCommand command, IHostGateway hosts) : IHandler<StopContainer>
{
    public Task<Result> HandleAsync(StopContainer request, Actor actor, CancellationToken ct) =>
        command.RunAsync(actor, nameof(StopContainer), Permission.ContainerStop, request.Host, request.Container,
            () => hosts.StopAsync(request.Host, request.Container, ct), ct);
}
