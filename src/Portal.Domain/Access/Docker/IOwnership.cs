using System.Collections.Immutable;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Docker;

/// <summary>Who owns what lies on hosts, as it was written down when it was made.</summary>
public interface IOwnership
{
    /// <summary>Who owns it; empty for nobody known. Answers at once: every line of a list asks.</summary>
    /// <param name="host">Where it lies.</param>
    /// <param name="kind">The sort.</param>
    /// <param name="id">Full id, or name of a volume.</param>
    ImmutableHashSet<Subject> Of(HostId host, ResourceKind kind, string id);

    /// <summary>Writes down who made it, beside those who own it already: an image that two have pulled is both's.</summary>
    Task RecordAsync(HostId host, ResourceKind kind, string id, ImmutableHashSet<Subject> owners, CancellationToken ct);

    /// <summary>It is gone: a volume of the same name would be somebody else's.</summary>
    Task ForgetAsync(HostId host, ResourceKind kind, string id, CancellationToken ct);
}
