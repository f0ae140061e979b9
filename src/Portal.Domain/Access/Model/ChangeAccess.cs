using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Model;

/// <summary>The one way the access model is changed: access, audit of the intent, the change and its rules, audit of the outcome.</summary>
public interface IChangeAccess
{
    /// <summary>Makes the change for <paramref name="actor"/>; the model after it.</summary>
    Task<Result<AccessModel>> RunAsync(IAccessChange change, Actor actor, CancellationToken ct);
}

internal sealed class ChangeAccess(IAccessPolicy access, IAccessStore store, IAuditLog audit) : IChangeAccess
{
    public async Task<Result<AccessModel>> RunAsync(IAccessChange change, Actor actor, CancellationToken ct)
    {
        var operation = change.GetType().Name;
        if (access.Check(actor, change.Permission, AccessTarget.Portal) is { } denied)
        {
            await audit.RecordAsync(actor, operation, change.Target, denied, ct);
            return denied;
        }

        if (await audit.BeginAsync(actor, operation, change.Target, ct) is { Error: { } unrecorded })
        {
            return unrecorded;
        }

        var changed = await store.ChangeAsync(
            model => change.ApplyTo(model) is var next && next.Error is null && AccessRules.Check(model, next.Value, actor) is { } against ? against : next, ct);
        if (changed.Error is { } error)
        {
            await audit.RecordAsync(actor, operation, change.Target, error, ct);
            return error;
        }

        await audit.RecordChangeAsync(actor, operation, change.Target, AccessDifference.Between(changed.Value.Before, changed.Value.After), ct);
        return changed.Value.After;
    }
}
