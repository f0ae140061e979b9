using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>The one way a command on a container runs: access, action, audit.</summary>
internal sealed class ContainerCommand(IAccessPolicy access, IAuditLog audit)
{
    /// <summary>Runs <paramref name="act"/> when the actor holds <paramref name="permission"/> on the host; records either outcome.</summary>
    public async Task<Result> RunAsync(
        Actor actor, string operation, Permission permission, HostId host, ContainerId container, Func<Task<Result>> act, CancellationToken ct)
    {
        Result result = access.Check(actor, permission, new Scope(host)) is { } denied ? denied : await act();
        await audit.RecordAsync(actor, operation, $"{host}/{container}", result.Error, ct);
        return result;
    }
}
