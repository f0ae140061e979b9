using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Domain.Audit;

/// <summary>Append-only record of what was asked, by whom, and what came of it. Refusals are recorded too.</summary>
public interface IAuditLog
{
    /// <summary>Records one operation.</summary>
    /// <param name="actor">Who asked.</param>
    /// <param name="operation">Name of the use case, for instance <c>StartContainer</c>.</param>
    /// <param name="target">The object, for instance <c>local/3f2a…</c>; never a secret.</param>
    /// <param name="error">Why it failed, or null when it succeeded.</param>
    /// <param name="ct">Cancels the call.</param>
    Task RecordAsync(Actor actor, string operation, string target, Error? error, CancellationToken ct);
}
