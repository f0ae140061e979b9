using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Ends a running container at once (SIGKILL).</summary>
public sealed record KillContainer(HostId Host, ContainerId Container);

internal sealed class KillContainerHandler(ContainerCommand command, IHostGateway hosts) : IHandler<KillContainer>
{
    public Task<Result> HandleAsync(KillContainer request, Actor actor, CancellationToken ct) =>
        command.RunAsync(actor, nameof(KillContainer), Permission.ContainerKill, request.Host, request.Container,
            () => hosts.KillAsync(request.Host, request.Container, ct), ct);
}
