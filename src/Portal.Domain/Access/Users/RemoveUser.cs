using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Users;

/// <summary>Removes an account with all it was given; it leaves its teams.</summary>
public sealed record RemoveUser(string Id, long? Version) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => Id;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        var user = model.User(Id, Version);
        return user.Error is { } error
            ? error
            : model.WithoutGrantsOf(new(SubjectKind.User, Id)) with
            {
                Users = model.Users.Remove(Id),
                Teams = model.Teams.SetItems(model.Teams.Where(team => team.Value.Members.Contains(Id))
                    .Select(team => KeyValuePair.Create(team.Key, team.Value with { Members = team.Value.Members.Remove(Id) }))),
            };
    }
}
