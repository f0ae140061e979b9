using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Teams;

/// <summary>Removes a team with all it was given.</summary>
public sealed record RemoveTeam(string Id, long? Version) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => Id;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model) => model.Team(Id, Version).Error is { } error
        ? error
        : model.WithoutGrantsOf(new(SubjectKind.Team, Id)) with { Teams = model.Teams.Remove(Id) };
}
