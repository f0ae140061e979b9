using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>The one way a command on a container runs.</summary>
internal sealed class ContainerCommand(HostCommand command, IAccessTargets targets)
{
    /// <inheritdoc cref="HostCommand.RunAsync(Actor, string, Permission, AccessTarget, string, Func{Task{Result}}, CancellationToken)"/>
    public Task<Result> RunAsync(
        Actor actor, string operation, Permission permission, HostId host, ContainerId container, Func<Task<Result>> act, CancellationToken ct) =>
        command.RunAsync(actor, operation, permission, targets.Container(host, container), $"{host}/{container}", act, ct);
}
