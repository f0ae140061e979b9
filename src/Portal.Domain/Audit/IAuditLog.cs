using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Domain.Audit;

/// <summary>Append-only record of what was asked, by whom, and what came of it. Refusals are recorded too.</summary>
public interface IAuditLog
{
    /// <summary>Records that an operation is about to begin. When that cannot be written, the operation must not be carried out.</summary>
    /// <param name="actor">Who asked, and may.</param>
    /// <param name="operation">Name of the use case.</param>
    /// <param name="target">The object.</param>
    /// <param name="ct">Cancels the call.</param>
    /// <returns>Success, or <c>audit.unavailable</c>.</returns>
    Task<Result> BeginAsync(Actor actor, string operation, string target, CancellationToken ct);

    /// <summary>Records what came of one operation, or that it was refused.</summary>
    /// <param name="actor">Who asked.</param>
    /// <param name="operation">Name of the use case, for instance <c>StartContainer</c>.</param>
    /// <param name="target">The object, for instance <c>local/3f2a…</c>; never a secret.</param>
    /// <param name="error">Why it failed, or null when it succeeded.</param>
    /// <param name="ct">Cancels the call.</param>
    Task RecordAsync(Actor actor, string operation, string target, Error? error, CancellationToken ct);

    /// <summary>Records that an operation succeeded, and what it changed.</summary>
    /// <param name="actor">Who asked.</param>
    /// <param name="operation">Name of the use case.</param>
    /// <param name="target">The object.</param>
    /// <param name="change">Before and after; never a secret.</param>
    /// <param name="ct">Cancels the call.</param>
    Task RecordChangeAsync(Actor actor, string operation, string target, AuditChange change, CancellationToken ct);
}
