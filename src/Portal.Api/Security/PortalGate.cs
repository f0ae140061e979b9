using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>What concerns the portal itself and not the access model: access, audit of the intent, action, audit of the outcome.</summary>
internal sealed class PortalGate(CurrentActor caller, IAccessPolicy access, IAuditLog audit)
{
    /// <summary>The caller, when it has the permission over the portal, or over <paramref name="on"/>; the refusal, recorded, otherwise.</summary>
    public async Task<Result<Actor>> ReadAsync(Permission permission, string operation, CancellationToken ct, AccessTarget? on = null)
    {
        var actor = await caller.GetAsync(ct);
        if (access.Check(actor, permission, on ?? AccessTarget.Portal) is not { } denied)
        {
            return actor;
        }

        await audit.RecordAsync(actor, operation, (on ?? AccessTarget.Portal).ToString(), denied, ct);
        return denied;
    }

    /// <summary>Does something for the caller that needs the permission; null for what everybody may do with what is their own.</summary>
    public async Task<Result<T>> RunAsync<T>(Permission? permission, string operation, string target, Func<Actor, Task<Result<T>>> act, CancellationToken ct, Func<T, AuditChange>? change = null, AccessTarget? on = null)
    {
        var actor = await caller.GetAsync(ct);
        var result = permission is { } needed && access.Check(actor, needed, on ?? AccessTarget.Portal) is { } denied
            ? denied
            : await audit.BeginAsync(actor, operation, target, ct) is { Error: { } unrecorded } ? unrecorded : await act(actor);
        if (result.IsSuccess && change is not null)
        {
            await audit.RecordChangeAsync(actor, operation, target, change(result.Value), ct);
        }
        else if (result.Error?.Code != "audit.unavailable")
        {
            await audit.RecordAsync(actor, operation, target, result.Error, ct);
        }

        return result;
    }

    /// <summary>For what a person does with their own account: a token may not, and a team is nobody.</summary>
    public static Error? NotAPerson(Actor actor) => actor.TokenId is null && actor.UserId.Length > 0
        ? null
        : new(ErrorKind.Forbidden, "access.person", "Only a person may do this, signed in with a password.");
}
