using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Teams;

/// <summary>Makes a team without members.</summary>
public sealed record CreateTeam(string Id, string Name) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => Name;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model) =>
        TeamName.Check(model, Name, Id) is { } unusable ? unusable : model with { Teams = model.Teams.Add(Id, new(Id, Name)) };
}
