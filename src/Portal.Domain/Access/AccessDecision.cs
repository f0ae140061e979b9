using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>Whether something is allowed, and why.</summary>
/// <param name="By">The grant that allows it; null when it is refused.</param>
/// <param name="Refusal">Why it is refused; null when it is allowed.</param>
public sealed record AccessDecision(Grant? By, Error? Refusal)
{
    /// <summary>True when it is allowed.</summary>
    public bool IsAllowed => Refusal is null;

    /// <summary>Allowed by an administrator's grant and by no token that is limited to less: no restriction of a host holds it back.</summary>
    public bool IsUnrestricted { get; private init; }

    /// <summary>It is allowed.</summary>
    public static AccessDecision Allow(Grant by, bool isUnrestricted) => new(by, null) { IsUnrestricted = isUnrestricted };

    /// <summary>It is refused.</summary>
    public static AccessDecision Refuse(string sentence) => new(null, new(ErrorKind.Forbidden, "access.denied", sentence));
}
