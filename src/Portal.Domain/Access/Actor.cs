namespace Portal.Domain.Access;

/// <summary>Who asks. Built once at the front door from the session or token, with the grants in force.</summary>
/// <param name="UserId">The user's stable id; empty for a team's token and for nobody.</param>
/// <param name="Name">The user's name, for audit and for the agent's log.</param>
/// <param name="Grants">What the user holds, in person and by teams.</param>
public sealed record Actor(string UserId, string Name, IReadOnlyList<Grant> Grants)
{
    /// <summary>Somebody unknown: holds nothing, may do nothing.</summary>
    public static Actor Anonymous { get; } = new("", "anonymous", []);

    /// <summary>Teams that the user is in.</summary>
    public IReadOnlyList<string> Teams { get; init; } = [];

    /// <summary>The token that speaks for the user; null for the person.</summary>
    public string? TokenId { get; init; }

    /// <summary>Where the request comes from, for the audit log; empty where that is not known.</summary>
    public string Source { get; init; } = "";

    /// <summary>What the token is limited to, whatever its user holds; null for no limit.</summary>
    public IReadOnlyList<Grant>? Limits { get; init; }

    /// <summary>
    /// True when the actor itself holds all that the role gives over the scope, and so may give it to others. The administrator's role frees from the
    /// restrictions of hosts besides, which is no permission: only who has that role has it to give.
    /// </summary>
    public bool Holds(Role role, Scope scope)
    {
        return Hold(Grants) && (Limits is null || Hold(Limits));

        bool Hold(IReadOnlyList<Grant> grants)
        {
            var reaching = grants.Where(grant => grant.Scope.Contains(scope)).Select(grant => grant.Role).ToArray();
            return role == BuiltInRoles.Administrator
                ? reaching.Contains(BuiltInRoles.Administrator)
                : role.Permissions.All(permission => reaching.Any(own => own.Permissions.Contains(permission)));
        }
    }

    /// <summary>True when the rights are the same: a stream that one was given may go on for the other.</summary>
    public bool HasRightsOf(Actor other) =>
        UserId == other.UserId && TokenId == other.TokenId && Grants.SequenceEqual(other.Grants)
        && (Limits is null ? other.Limits is null : other.Limits is not null && Limits.SequenceEqual(other.Limits));

    /// <summary>True when it is the same actor that has lost nothing: work that the other began may go on.</summary>
    public bool KeepsRightsOf(Actor other) =>
        UserId == other.UserId && TokenId == other.TokenId && other.Grants.All(Grants.Contains) && other.Teams.All(Teams.Contains)
        && (Limits is null ? other.Limits is null : other.Limits is not null && Limits.SequenceEqual(other.Limits));
}
