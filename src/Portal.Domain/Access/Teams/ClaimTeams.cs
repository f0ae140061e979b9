using System.Diagnostics.CodeAnalysis;
using Portal.Domain.Access.Model;

namespace Portal.Domain.Access.Teams;

/// <summary>
/// Which values of a claim stand for which teams, as <c>value=team;other=team</c>. Teams that are named here belong to the identity provider: whoever
/// signs in by it is in exactly those that their claims say. All others are left alone. Pure.
/// </summary>
public sealed class ClaimTeams
{
    private readonly (string Value, string Team)[] _pairs;

    private ClaimTeams((string Value, string Team)[] pairs) => _pairs = pairs;

    /// <summary>No teams.</summary>
    public static ClaimTeams None { get; } = new([]);

    /// <summary>Reads the mapping; false for anything else.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ClaimTeams? teams)
    {
        var words = (text ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var pairs = words.Select(word => word.LastIndexOf('=') is > 0 and var at && at < word.Length - 1 ? (word[..at].Trim(), word[(at + 1)..].Trim()) : ("", "")).ToArray();
        teams = pairs.All(pair => pair is { Item1.Length: > 0, Item2.Length: > 0 }) ? new(pairs) : null;
        return teams is not null;
    }

    /// <summary>The model with the user in those mapped teams, and in no other mapped ones. A team that does not exist is not made.</summary>
    public AccessModel Apply(AccessModel model, string user, IReadOnlyCollection<string> values)
    {
        var wanted = _pairs.Where(pair => values.Contains(pair.Value)).Select(pair => pair.Team).ToHashSet(StringComparer.Ordinal);
        return model with
        {
            Teams = model.Teams.SetItems(model.Teams.Where(team => _pairs.Any(pair => pair.Team == team.Value.Name)).Select(team => KeyValuePair.Create(team.Key, team.Value with
            {
                Members = wanted.Contains(team.Value.Name) ? team.Value.Members.Add(user) : team.Value.Members.Remove(user),
            }))),
        };
    }
}
