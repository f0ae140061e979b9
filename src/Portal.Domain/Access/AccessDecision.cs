using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>Whether something is allowed, and why.</summary>
/// <param name="By">The grant that allows it; null when it is refused.</param>
/// <param name="Refusal">Why it is refused; null when it is allowed.</param>
public sealed record AccessDecision(Grant? By, Error? Refusal)
{
    /// <summary>True when it is allowed.</summary>
    public bool IsAllowed => Refusal is null;

    /// <summary>Allowed by an administrator's grant, whom no restriction of a host holds back.</summary>
    public bool IsUnrestricted => By?.Role == BuiltInRoles.Administrator;

    /// <summary>It is allowed.</summary>
    public static AccessDecision Allow(Grant by) => new(by, null);

    /// <summary>It is refused.</summary>
    public static AccessDecision Refuse(string sentence) => new(null, new(ErrorKind.Forbidden, "access.denied", sentence));
}
