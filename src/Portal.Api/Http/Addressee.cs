using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Http;

/// <summary>Who asks, and of what. What is refused here no use case hears of, so it is recorded here.</summary>
internal sealed class Addressee(CurrentActor caller, Targets targets, IAccessPolicy access, IAccessTargets facts, IAuditLog audit)
{
    /// <summary>The host that a path names. The front door has let its caller in; it may be gone since.</summary>
    /// <param name="host">Its id.</param>
    /// <param name="ct">Cancels the call.</param>
    public async Task<Result<(Actor Actor, HostId Host)>> HostAsync(string host, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var found = targets.Host(actor, host);
        return found.Error is { } missing ? missing : (actor, found.Value.Id);
    }

    /// <summary>The container that a path names, when its caller may do this to it.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="id">The container's id, its beginning, or the name.</param>
    /// <param name="operation">What is to be done, as the audit log calls it.</param>
    /// <param name="ct">Cancels the call.</param>
    /// <param name="permission">What it takes; to see the container, where the use case decides on the rest.</param>
    public async Task<Result<(Actor Actor, ContainerView Container)>> ContainerAsync(string host, string id, string operation, CancellationToken ct, Permission permission = Permission.ContainerRead)
    {
        var actor = await caller.GetAsync(ct);
        var container = await targets.ContainerAsync(actor, host, id, ct);
        if ((container.Error ?? access.CheckNamed(actor, permission, facts.Container(container.Value))) is not { } refusal)
        {
            return (actor, container.Value);
        }

        await audit.RecordAsync(actor, operation, $"{Printable.Of(host, 64)}/{Printable.Of(id, 64)}", refusal, ct);
        return refusal;
    }
}
