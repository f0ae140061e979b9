using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Teams;

/// <summary>Names of teams.</summary>
internal static class TeamName
{
    /// <summary>Why the team may not be called so, or null.</summary>
    public static Error? Check(AccessModel model, string name, string id) => AccessName.Check("team", name)
        ?? (model.Teams.Values.Any(team => team.Id != id && string.Equals(team.Name, name, StringComparison.OrdinalIgnoreCase)) ? AccessName.Taken("team", name) : null);
}
