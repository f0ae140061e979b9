using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>Decides whether an actor may do something. Deny by default.</summary>
public interface IAccessPolicy
{
    /// <summary>The decision and the rule behind it.</summary>
    AccessDecision Decide(Actor actor, Permission permission, AccessTarget target);

    /// <summary>True when the actor may do it to something on this host: then its list is asked for, and filtered with <see cref="Decide"/>.</summary>
    bool Reaches(Actor actor, Permission permission, AccessTarget host);

    /// <summary>True when the actor may do it to something, wherever.</summary>
    bool HoldsAnywhere(Actor actor, Permission permission);
}

/// <summary>Ways to ask the policy.</summary>
public static class AccessPolicyExtensions
{
    /// <summary>Null when allowed; otherwise the refusal, whose message names the permission that is missing.</summary>
    public static Error? Check(this IAccessPolicy policy, Actor actor, Permission permission, AccessTarget target) => policy.Decide(actor, permission, target).Refusal;

    /// <summary>The same for what somebody named: what the actor may not even see is not there for them. Whoever could not do it to anything on the host is told that instead.</summary>
    public static Error? CheckNamed(this IAccessPolicy policy, Actor actor, Permission permission, AccessTarget target) =>
        policy.Check(actor, permission, target) is not { } refusal ? null
        : target is { Host: { } host, Kind: { } kind, Id: { } id } && policy.Reaches(actor, permission, target) && policy.Check(actor, kind.Reading(), target) is not null ? kind.Unknown(id, host)
        : refusal;
}

/// <summary>The one policy: some grant of the actor must hold the permission over the target, and the token's limits, if there are any, too.</summary>
public sealed class AccessPolicy : IAccessPolicy
{
    /// <inheritdoc/>
    public AccessDecision Decide(Actor actor, Permission permission, AccessTarget target)
    {
        if (actor.Limits is { } limits && !limits.Any(Gives))
        {
            return AccessDecision.Refuse($"The token of {actor.Name} is not made for {permission} on {target}. Use a token with that scope.");
        }

        // An administrator's grant frees from the restrictions of a host: where there are several, it is the one that counts.
        var by = actor.Grants.FirstOrDefault(Frees) ?? actor.Grants.FirstOrDefault(Gives);
        return by is not null
            ? AccessDecision.Allow(by, Frees(by) && (actor.Limits is null || actor.Limits.Any(Frees)))
            : AccessDecision.Refuse($"{actor.Name} has no role with the permission {permission} on {target}. Ask an administrator for it.");

        bool Gives(Grant grant) => grant.Role.Permissions.Contains(permission) && grant.Scope.Covers(target);

        bool Frees(Grant grant) => grant.Role == BuiltInRoles.Administrator && Gives(grant);
    }

    /// <inheritdoc/>
    public bool Reaches(Actor actor, Permission permission, AccessTarget host)
    {
        return actor.Grants.Any(Gives) && (actor.Limits is null || actor.Limits.Any(Gives));

        bool Gives(Grant grant) => grant.Role.Permissions.Contains(permission) && grant.Scope.Reaches(host);
    }

    /// <inheritdoc/>
    public bool HoldsAnywhere(Actor actor, Permission permission)
    {
        return actor.Grants.Any(Gives) && (actor.Limits is null || actor.Limits.Any(Gives));

        bool Gives(Grant grant) => grant.Role.Permissions.Contains(permission);
    }
}
