using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>The one way a command on a container runs: access, audit of the intent, action, audit of the outcome.</summary>
internal sealed class ContainerCommand(IAccessPolicy access, IAuditLog audit)
{
    /// <summary>Runs <paramref name="act"/> when the actor holds <paramref name="permission"/> on the host; records either outcome. What cannot be recorded is not done.</summary>
    public async Task<Result> RunAsync(
        Actor actor, string operation, Permission permission, HostId host, ContainerId container, Func<Task<Result>> act, CancellationToken ct)
    {
        var target = $"{host}/{container}";
        Result result;
        if (access.Check(actor, permission, new Scope(host)) is { } denied)
        {
            result = denied;
        }
        else if (await audit.BeginAsync(actor, operation, target, ct) is { IsSuccess: false } unrecorded)
        {
            return unrecorded;
        }
        else
        {
            result = await act();
        }

        await audit.RecordAsync(actor, operation, target, result.Error, ct);
        return result;
    }
}
