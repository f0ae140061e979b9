using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Stops a container, if it runs, and starts it.</summary>
public sealed record RestartContainer(HostId Host, ContainerId Container);

internal sealed class RestartContainerHandler(ContainerCommand command, IHostGateway hosts) : IHandler<RestartContainer>
{
    public Task<Result> HandleAsync(RestartContainer request, Actor actor, CancellationToken ct) =>
        command.RunAsync(actor, nameof(RestartContainer), Permission.ContainerRestart, request.Host, request.Container,
            () => hosts.RestartAsync(request.Host, request.Container, ct), ct);
}
