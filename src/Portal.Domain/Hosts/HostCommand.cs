using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Domain.Hosts;

/// <summary>
/// The one way something of a host is asked for. A command: access, audit of the intent, action, audit of the outcome. A question: access, the answer; only a
/// refusal is recorded.
/// </summary>
internal sealed class HostCommand(IAccessPolicy access, IAuditLog audit)
{
    /// <summary>Runs <paramref name="act"/> when the actor holds <paramref name="permission"/> on what it is done to; records either outcome. What cannot be recorded is not done.</summary>
    public async Task<Result> RunAsync(
        Actor actor, string operation, Permission permission, AccessTarget on, string target, Func<Task<Result>> act, CancellationToken ct)
    {
        var result = await RunAsync(
            actor, operation, permission, on, target,
            async () => await act() is { Error: { } error } ? error : Result.Of(true),
            ct);
        return new(result.Error);
    }

    /// <summary>The same for what has an answer.</summary>
    public async Task<Result<T>> RunAsync<T>(
        Actor actor, string operation, Permission permission, AccessTarget on, string target, Func<Task<Result<T>>> act, CancellationToken ct)
    {
        Result<T> result;
        if (access.CheckNamed(actor, permission, on) is { } denied)
        {
            result = denied;
        }
        else if (await audit.BeginAsync(actor, operation, target, ct) is { Error: { } unrecorded })
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

    /// <summary>Answers a question of who holds <paramref name="permission"/> on what it is about.</summary>
    public async Task<Result<T>> ReadAsync<T>(
        Actor actor, string operation, Permission permission, AccessTarget on, string target, Func<Task<Result<T>>> read, CancellationToken ct)
    {
        if (access.CheckNamed(actor, permission, on) is not { } denied)
        {
            return await read();
        }

        await audit.RecordAsync(actor, operation, target, denied, ct);
        return denied;
    }
}
