namespace Portal.Domain.Access;

/// <summary>Explains what the policy decides: which of somebody's grants allows something, or why none does. Pure.</summary>
/// <param name="Allowed">What the policy says.</param>
/// <param name="Sentence">The rule behind it.</param>
/// <param name="By">The grant that allows it, or null.</param>
/// <param name="Near">Grants with the permission whose scope does not cover the target: what comes nearest.</param>
public sealed record WhyAccess(bool Allowed, string Sentence, Grant? By, IReadOnlyList<Grant> Near)
{
    /// <summary>The explanation for one actor, permission and target.</summary>
    public static WhyAccess Of(IAccessPolicy policy, Actor actor, Permission permission, AccessTarget target)
    {
        var decision = policy.Decide(actor, permission, target);
        if (decision.By is { } by)
        {
            return new(true, $"{actor.Name} has {by.Role.Name} over {by.Scope}, given to {by.Subject}.{(decision.IsUnrestricted ? " No restriction of a host holds for it." : "")}", by, []);
        }

        var near = actor.Grants.Where(grant => grant.Role.Permissions.Contains(permission)).ToArray();
        var sentence = near.Length == 0
            ? $"No role of {actor.Name} has the permission {permission}."
            : $"{actor.Name} has the permission {permission}, but only over {string.Join(", ", near.Select(grant => grant.Scope))}, and {target} is none of that.";
        return new(false, sentence, null, near);
    }
}
