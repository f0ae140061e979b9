using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Teams;

/// <summary>Takes a user into a team.</summary>
public sealed record AddToTeam(string Team, string User) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => $"{Team}/{User}";

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model) => Membership.Change(model, Team, User, true);
}

/// <summary>Takes a user out of a team.</summary>
public sealed record RemoveFromTeam(string Team, string User) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => $"{Team}/{User}";

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model) => Membership.Change(model, Team, User, false);
}

internal static class Membership
{
    public static Result<AccessModel> Change(AccessModel model, string id, string user, bool isMember)
    {
        var team = model.Team(id);
        if ((team.Error ?? model.User(user).Error) is { } error)
        {
            return error;
        }

        var members = team.Value.Members;
        return model with { Teams = model.Teams.SetItem(id, team.Value with { Members = isMember ? members.Add(user) : members.Remove(user) }) };
    }
}
