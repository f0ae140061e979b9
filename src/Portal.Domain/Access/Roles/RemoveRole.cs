using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Roles;

/// <summary>Removes a role of one's own that nobody has any more.</summary>
public sealed record RemoveRole(string Name, long? Version) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.AccessManage;

    /// <inheritdoc/>
    public string Target => Name;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        if (model.Role(Name, Version).Error is { } error)
        {
            return error;
        }

        return model.Grants.Values.Any(grant => grant.Role.Name == Name)
            ? new Error(ErrorKind.Conflict, "role.in_use", $"The role {Name} is given to somebody. Take those grants back first.")
            : model with { Roles = model.Roles.Remove(Name) };
    }
}
