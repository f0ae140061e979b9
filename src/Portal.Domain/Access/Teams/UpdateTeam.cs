using System.Collections.Immutable;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Quotas;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Teams;

/// <summary>Gives a team another name, its members and its quota, all at once.</summary>
public sealed record UpdateTeam(string Id, string Name, IReadOnlyList<string> Members, long? Version) : IAccessChange
{
    /// <summary>How much it may have on each host; null for as it was.</summary>
    public TeamQuota? Quota { get; init; }

    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => Id;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        var team = model.Team(Id, Version);
        if ((team.Error ?? TeamName.Check(model, Name, Id)) is { } error)
        {
            return error;
        }

        return Members.FirstOrDefault(member => !model.Users.ContainsKey(member)) is { } stranger
            ? AccessModel.Unknown("user", stranger)
            : model with { Teams = model.Teams.SetItem(Id, team.Value with
            {
                Name = Name, Members = Members.ToImmutableSortedSet(StringComparer.Ordinal), Quota = Quota ?? team.Value.Quota,
            }) };
    }
}
