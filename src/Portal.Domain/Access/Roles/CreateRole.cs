using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Roles;

/// <summary>Makes a role of one's own.</summary>
public sealed record CreateRole(Role Role) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.AccessManage;

    /// <inheritdoc/>
    public string Target => Role.Name;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        if (AccessName.Check("role", Role.Name) is { } unusable)
        {
            return unusable;
        }

        // In whatever case: who reads "administrator" must not wonder.
        return BuiltInRoles.All.Concat(model.Roles.Values.Select(own => own.Role)).Any(other => string.Equals(other.Name, Role.Name, StringComparison.OrdinalIgnoreCase))
            ? AccessName.Taken("role", Role.Name)
            : model with { Roles = model.Roles.Add(Role.Name, new(Role)) };
    }
}
