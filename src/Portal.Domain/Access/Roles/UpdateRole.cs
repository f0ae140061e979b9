using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Roles;

/// <summary>Gives a role of one's own other permissions, wherever it was given. Built-in roles do not change.</summary>
public sealed record UpdateRole(Role Role, long? Version) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.AccessManage;

    /// <inheritdoc/>
    public string Target => Role.Name;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        var role = model.Role(Role.Name, Version);
        return role.Error is { } error
            ? error
            : model with
            {
                Roles = model.Roles.SetItem(Role.Name, role.Value with { Role = Role }),
                Grants = model.Grants.SetItems(model.Grants.Where(grant => grant.Value.Role.Name == Role.Name).Select(grant => KeyValuePair.Create(grant.Key, grant.Value with { Role = Role }))),
            };
    }
}
