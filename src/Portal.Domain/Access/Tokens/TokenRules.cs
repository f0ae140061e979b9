using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Tokens;

/// <summary>What may be made a token, and what one may do. Pure.</summary>
public static class TokenRules
{
    /// <summary>The longest life of a token.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>Why the actor may not make such a token, or null. One's own needs nothing; a team's token holds what the team does, and so must its maker.</summary>
    public static Error? Check(AccessModel model, Actor actor, Subject owner, string name, IReadOnlyList<TokenLimit>? limits)
    {
        if (AccessName.Check("token", name) is { } unusable)
        {
            return unusable;
        }

        if (limits is not null && limits.FirstOrDefault(limit => model.FindRole(limit.Role) is null || !ScopeText.TryParse(limit.Scope, owner, out _)) is { } unknown)
        {
            return new(ErrorKind.Invalid, "token.limit", $"The limit {unknown.Role} over {unknown.Scope} names a role that is not there or a scope that cannot be read.");
        }

        if (actor.TokenId is not null)
        {
            return new(ErrorKind.Forbidden, "token.chain", "A token makes no tokens. Sign in as yourself.");
        }

        return owner.Kind switch
        {
            SubjectKind.User when owner.Id == actor.UserId => null,
            SubjectKind.Team when !model.Teams.ContainsKey(owner.Id) => AccessModel.Unknown("team", owner.Id),
            SubjectKind.Team => model.GrantsOf(owner).FirstOrDefault(grant => !actor.Holds(grant.Role, grant.Scope)) is { } beyond
                ? new(ErrorKind.Forbidden, "access.beyond", $"The token would hold {beyond.Role.Name} over {beyond.Scope}, which {actor.Name} does not.")
                : null,
            _ => new(ErrorKind.Forbidden, "token.owner", "A token is made for oneself or for a team."),
        };
    }

    /// <summary>What a token's limits amount to now. A role that is gone gives nothing, and the token stays limited.</summary>
    public static IReadOnlyList<Grant>? Limits(IReadOnlyList<TokenLimit>? limits, Subject owner, Func<string, Role?> roles) => limits is null
        ? null
        : [.. limits.Select(limit => roles(limit.Role) is { } role && ScopeText.TryParse(limit.Scope, owner, out var scope) ? new Grant(role, scope) : null).OfType<Grant>()];
}
