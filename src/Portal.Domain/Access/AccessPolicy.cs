using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>Decides whether an actor may do something. Deny by default.</summary>
public interface IAccessPolicy
{
    /// <summary>Null when allowed; otherwise the refusal, whose message names the permission that is missing.</summary>
    Error? Check(Actor actor, Permission permission, Scope target);
}

/// <summary>The one policy: some grant of the actor must hold the permission over the target.</summary>
public sealed class AccessPolicy : IAccessPolicy
{
    /// <inheritdoc/>
    public Error? Check(Actor actor, Permission permission, Scope target)
    {
        foreach (var grant in actor.Grants)
        {
            if (grant.Role.Permissions.Contains(permission) && grant.Scope.Covers(target))
            {
                return null;
            }
        }

        var where = target.Host is { } host ? $"host {host}" : "all hosts";
        return new(ErrorKind.Forbidden, "access.denied", $"{actor.Name} has no role with the permission {permission} on {where}. Ask an administrator for it.");
    }
}
