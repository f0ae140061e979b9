using System.Collections.Immutable;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Model;

/// <summary>
/// Who there is and what they were given, at one moment. A change makes the next model of this one; <see cref="AccessRules"/> decides between the two
/// whether it may be.
/// </summary>
public sealed record AccessModel
{
    /// <summary>Nobody.</summary>
    public static AccessModel Empty { get; } = new();

    /// <summary>Accounts by id.</summary>
    public ImmutableDictionary<string, User> Users { get; init; } = ImmutableDictionary<string, User>.Empty;

    /// <summary>Teams by id.</summary>
    public ImmutableDictionary<string, Team> Teams { get; init; } = ImmutableDictionary<string, Team>.Empty;

    /// <summary>Roles of one's own by name.</summary>
    public ImmutableDictionary<string, OwnRole> Roles { get; init; } = ImmutableDictionary<string, OwnRole>.Empty;

    /// <summary>Grants by id.</summary>
    public ImmutableDictionary<string, Grant> Grants { get; init; } = ImmutableDictionary<string, Grant>.Empty;

    /// <summary>The role of that name: built in or one's own; null when there is none.</summary>
    public Role? FindRole(string name) => BuiltInRoles.Find(name) ?? Roles.GetValueOrDefault(name)?.Role;

    /// <summary>What a subject was given itself.</summary>
    public IEnumerable<Grant> GrantsOf(Subject subject) => Grants.Values.Where(grant => grant.Subject == subject);

    /// <summary>What a user has, in person and by teams.</summary>
    public IEnumerable<Grant> GrantsOfUser(string user) =>
        GrantsOf(new(SubjectKind.User, user)).Concat(Teams.Values.Where(team => team.Members.Contains(user)).SelectMany(team => GrantsOf(new(SubjectKind.Team, team.Id))));

    /// <summary>True when somebody can sign in who administers everything.</summary>
    public bool HasAdministrator => Users.Values.Any(user => !user.IsDisabled && GrantsOfUser(user.Id).Any(IsAdministration));

    /// <summary>True for a grant that makes an administrator of everything.</summary>
    public static bool IsAdministration(Grant grant) => grant.Role == BuiltInRoles.Administrator && grant.Scope is Scope.Everything;

    /// <summary>The user, or <c>user.unknown</c>; <c>request.stale</c> when its version is not the expected one.</summary>
    public Result<User> User(string id, long? version = null) =>
        Users.TryGetValue(id, out var user) ? Fresh(user, user.Version, version) : Unknown("user", id);

    /// <summary>The team, or <c>team.unknown</c>; <c>request.stale</c> when its version is not the expected one.</summary>
    public Result<Team> Team(string id, long? version = null) =>
        Teams.TryGetValue(id, out var team) ? Fresh(team, team.Version, version) : Unknown("team", id);

    /// <summary>The role of one's own, or <c>role.unknown</c>; <c>request.stale</c> when its version is not the expected one.</summary>
    public Result<OwnRole> Role(string name, long? version = null) =>
        Roles.TryGetValue(name, out var role) ? Fresh(role, role.Version, version) : Unknown("role", name);

    /// <summary>The model without a subject and whatever it was given.</summary>
    internal AccessModel WithoutGrantsOf(Subject subject) => this with { Grants = Grants.RemoveRange(GrantsOf(subject).Select(grant => grant.Id)) };

    /// <summary>What stands for something that is not there.</summary>
    public static Error Unknown(string what, string id) => new(ErrorKind.NotFound, $"{what}.unknown", $"There is no {what} {(id.Length <= 64 && !id.Any(char.IsControl) ? id : "of that name")}.");

    private static Result<T> Fresh<T>(T item, long version, long? expected) =>
        expected is null || expected == version ? item : new Error(ErrorKind.Conflict, "request.stale", "Somebody else has changed this meanwhile. Read it again, then decide.");
}
