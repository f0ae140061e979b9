using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>What a grant covers: everything, or one host.</summary>
/// <param name="Host">The one host, or null for all.</param>
public readonly record struct Scope(HostId? Host)
{
    /// <summary>Everything Portal manages.</summary>
    public static Scope All => default;

    /// <summary>True when <paramref name="target"/> lies within this scope.</summary>
    public bool Covers(Scope target) => Host is null || Host == target.Host;
}

/// <summary>A role over a scope, given to a subject.</summary>
public sealed record Grant(Role Role, Scope Scope);

/// <summary>Who asks. Built once at the front door from the session or token, with the grants in force.</summary>
/// <param name="UserId">The user's stable id.</param>
/// <param name="Name">The user's name, for audit and for the agent's log.</param>
/// <param name="Grants">What the user holds.</param>
public sealed record Actor(string UserId, string Name, IReadOnlyList<Grant> Grants)
{
    /// <summary>Somebody unknown: holds nothing, may do nothing.</summary>
    public static Actor Anonymous { get; } = new("", "anonymous", []);
}
