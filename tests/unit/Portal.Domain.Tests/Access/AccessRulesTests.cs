using System.Collections.Frozen;
using System.Collections.Immutable;
using Portal.Domain.Access;
using Portal.Domain.Access.Grants;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Roles;
using Portal.Domain.Access.Teams;
using Portal.Domain.Access.Tokens;
using Portal.Domain.Access.Users;

namespace Portal.Domain.Tests.Access;

public class AccessRulesTests
{
    /// <summary>May give what it holds: people, access, and looking at one host.</summary>
    private static readonly Role s_governor = new("Governor", FrozenSet.Create(Permission.UserManage, Permission.AccessManage));

    private static readonly AccessModel s_model = Model();

    [Fact]
    public void LastAdministrator_RemovedDisabledOrStripped_IsRefused()
    {
        Assert.Equal("access.last_administrator", Try(new RemoveUser("root", null), "root"));
        Assert.Equal("access.last_administrator", Try(new UpdateUser("root", "root", true, "s", null), "root"));
        Assert.Equal("access.last_administrator", Try(new RemoveGrant("g-root"), "root"));
    }

    [Fact]
    public void LastAdministrator_OfTwo_MayGo()
    {
        var two = Apply(s_model, new CreateGrant("g-ann", new(SubjectKind.User, "ann"), "Administrator", "all"));
        Assert.Null(Try(new RemoveUser("root", null), "root", two));
        Assert.Null(Try(new RemoveGrant("g-root"), "ann", two));
    }

    [Fact]
    public void LastAdministrator_ByTheTeam_IsKeptByItsMembership()
    {
        var team = Apply(s_model, new AddToTeam("admins", "ann"));
        team = Apply(team, new CreateGrant("g-admins", new(SubjectKind.Team, "admins"), "Administrator", "all"));
        team = Apply(team, new RemoveGrant("g-root"));
        Assert.True(team.HasAdministrator);
        Assert.Equal("access.last_administrator", Try(new RemoveFromTeam("admins", "ann"), "ann", team));
        Assert.Equal("access.last_administrator", Try(new RemoveTeam("admins", null), "ann", team));
        Assert.Equal("access.last_administrator", Try(new UpdateTeam("admins", "admins", [], null), "ann", team));
        Assert.Equal("access.last_administrator", Try(new UpdateUser("ann", "ann", true, "s", null), "ann", team));
    }

    [Fact]
    public void Administrator_OfOneHostOnly_DoesNotCountAsTheLast() =>
        Assert.Equal("access.last_administrator", Try(new RemoveGrant("g-root"), "root", Apply(s_model, new CreateGrant("g-ann", new(SubjectKind.User, "ann"), "Administrator", "host:h1"))));

    [Fact]
    public void Grant_BeyondOnesOwn_IsRefused()
    {
        Assert.Equal("access.beyond", Try(Give("ann", "Administrator", "all"), "gov"));
        Assert.Equal("access.beyond", Try(Give("gov", "Administrator", "host:h1"), "gov"));
        Assert.Equal("access.beyond", Try(Give("gov", "Operator", "host:h1"), "gov"));
        Assert.Equal("access.beyond", Try(Give("ann", "Viewer", "all"), "gov"));
        Assert.Equal("access.beyond", Try(Give("ann", "Viewer", "group:x"), "gov"));
        Assert.Null(Try(Give("ann", "Viewer", "host:h1"), "gov"));
        Assert.Null(Try(Give("ann", "Viewer", "stack:web@host:h1"), "gov"));
        Assert.Null(Try(Give("ann", "Administrator", "all"), "root"));
    }

    [Fact]
    public void Role_WithEveryPermission_DoesNotGiveTheAdministratorsFreedom()
    {
        // A role of one's own with all permissions is no Administrator: restrictions of hosts hold for it.
        var everything = new Role("Everything", Enum.GetValues<Permission>().ToFrozenSet());
        var actor = new Actor("x", "x", [new Grant(everything, Scope.All)]);
        Assert.False(actor.Holds(BuiltInRoles.Administrator, Scope.All));
        Assert.True(actor.Holds(BuiltInRoles.Operator, Scope.All));
    }

    [Fact]
    public void Role_WidenedOrMadeBeyondOnesOwn_IsRefused()
    {
        Assert.Equal("access.beyond", Try(new CreateRole(new Role("Mine", FrozenSet.Create(Permission.ContainerExec))), "gov"));
        Assert.Null(Try(new CreateRole(new Role("Mine", FrozenSet.Create(Permission.UserManage))), "gov"));
        Assert.Equal("access.beyond", Try(new UpdateRole(new Role("Governor", FrozenSet.Create(Permission.UserManage, Permission.AccessManage, Permission.SettingsManage)), null), "gov"));
        Assert.Equal("role.taken", Try(new CreateRole(new Role("administrator", FrozenSet.Create(Permission.UserManage))), "root"));
        Assert.Equal("role.unknown", Try(new UpdateRole(new Role("Administrator", FrozenSet.Create(Permission.UserManage)), null), "root"));
        Assert.Equal("role.in_use", Try(new RemoveRole("Governor", null), "root"));
    }

    [Fact]
    public void Role_Updated_ReachesItsGrants()
    {
        var next = Apply(s_model, new UpdateRole(new Role("Governor", FrozenSet.Create(Permission.UserRead)), null));
        Assert.Equal([Permission.UserRead], next.GrantsOfUser("gov").Single(grant => grant.Role.Name == "Governor").Role.Permissions);
    }

    [Fact]
    public void Account_OfSomebodyWithMore_IsNotTakenOver()
    {
        Assert.Equal("access.beyond", Try(new ResetPassword("root", "hash", false, "s"), "gov"));
        Assert.Equal("access.beyond", Try(new UpdateUser("root", "other", false, "s", null), "gov"));
        Assert.Equal("access.beyond", Try(new RemoveUser("root", null), "gov", Apply(s_model, Give("ann", "Administrator", "all"))));
        Assert.Null(Try(new ResetPassword("ann", "hash", false, "s"), "gov"));
        Assert.Null(Try(new ResetPassword("root", "hash", false, "s"), "root"));
    }

    [Fact]
    public void Team_WithMore_IsNotJoined()
    {
        var team = Apply(s_model, new CreateGrant("g-admins", new(SubjectKind.Team, "admins"), "Administrator", "all"));
        Assert.Equal("access.beyond", Try(new AddToTeam("admins", "gov"), "gov", team));
        Assert.Equal("access.beyond", Try(new UpdateTeam("admins", "admins", ["gov"], null), "gov", team));
        Assert.Null(Try(new AddToTeam("admins", "gov"), "gov"));
        Assert.Null(Try(new AddToTeam("admins", "gov"), "root", team));
    }

    [Fact]
    public void Token_OfAnAdministrator_GivesNoMoreThanItsLimits()
    {
        var limited = ActorOf(s_model, "root") with { TokenId = "t", Limits = [new Grant(s_governor, Scope.All)] };
        Assert.Equal("access.beyond", AccessRules.Check(s_model, Apply(s_model, Give("ann", "Administrator", "all")), limited)?.Code);
    }

    [Fact]
    public void Token_OfATeamWithMore_IsNotMade()
    {
        var model = Apply(s_model, new CreateGrant("g-admins", new(SubjectKind.Team, "admins"), "Administrator", "all"));
        var team = new Subject(SubjectKind.Team, "admins");
        Assert.Equal("access.beyond", TokenRules.Check(model, ActorOf(model, "gov"), team, "ci", null)?.Code);
        Assert.Null(TokenRules.Check(model, ActorOf(model, "root"), team, "ci", null));
        Assert.Equal("token.owner", TokenRules.Check(model, ActorOf(model, "root"), new(SubjectKind.User, "ann"), "ci", null)?.Code);
        Assert.Equal("token.chain", TokenRules.Check(model, ActorOf(model, "root") with { TokenId = "t" }, new(SubjectKind.User, "root"), "ci", null)?.Code);
        Assert.Equal("token.limit", TokenRules.Check(model, ActorOf(model, "root"), new(SubjectKind.User, "root"), "ci", [new("Wizard", "all")])?.Code);
    }

    [Fact]
    public void Limits_OfARoleThatIsGone_GiveNothingAndStayLimits() =>
        Assert.Empty(TokenRules.Limits([new("Gone", "all")], new(SubjectKind.User, "1"), BuiltInRoles.Find)!);

    [Fact]
    public void Change_OfAnOlderVersion_IsRefused()
    {
        Assert.Equal("request.stale", Try(new UpdateUser("ann", "ann", false, "s", 7), "root"));
        Assert.Null(Try(new UpdateUser("ann", "ann", false, "s", 0), "root"));
    }

    [Fact]
    public void Difference_OfAReset_SaysSoWithoutTheHash()
    {
        var change = AccessDifference.Between(s_model, Apply(s_model, new ResetPassword("ann", "the-hash", false, "the-stamp")));
        Assert.Contains("another password", change.After, StringComparison.Ordinal);
        Assert.DoesNotContain("the-", change.Before + change.After, StringComparison.Ordinal);
    }

    [Fact]
    public void Why_RefusedAndAllowed_NamesTheGrantOrWhatIsMissing()
    {
        var (policy, gov) = (new AccessPolicy(), ActorOf(s_model, "gov"));
        var here = new AccessTarget(new("h1"));
        Assert.Equal(("g-look", true), (WhyAccess.Of(policy, gov, Permission.HostRead, here).By!.Id, WhyAccess.Of(policy, gov, Permission.HostRead, here).Allowed));
        Assert.Equal(["g-look"], WhyAccess.Of(policy, gov, Permission.HostRead, new(new("h2"))).Near.Select(grant => grant.Id));
        Assert.Contains("No role of gov has the permission ContainerExec", WhyAccess.Of(policy, gov, Permission.ContainerExec, here).Sentence, StringComparison.Ordinal);
    }

    private static CreateGrant Give(string user, string role, string scope) => new("new", new(SubjectKind.User, user), role, scope);

    private static AccessModel Model()
    {
        var model = AccessModel.Empty with
        {
            Users = ((string[])["root", "gov", "ann"]).ToImmutableDictionary(name => name, name => new User(name, name)),
            Teams = ImmutableDictionary<string, Team>.Empty.Add("admins", new("admins", "admins")),
            Roles = ImmutableDictionary<string, OwnRole>.Empty.Add("Governor", new(s_governor)),
        };
        model = Apply(model, new CreateGrant("g-root", new(SubjectKind.User, "root"), "Administrator", "all"));
        model = Apply(model, new CreateGrant("g-gov", new(SubjectKind.User, "gov"), "Governor", "all"));
        return Apply(model, new CreateGrant("g-look", new(SubjectKind.User, "gov"), "Viewer", "host:h1"));
    }

    private static AccessModel Apply(AccessModel model, IAccessChange change) => change.ApplyTo(model).Value;

    private static Actor ActorOf(AccessModel model, string user) => new(user, user, [.. model.GrantsOfUser(user)]);

    /// <summary>The code of the refusal, or null.</summary>
    private static string? Try(IAccessChange change, string user, AccessModel? model = null)
    {
        var before = model ?? s_model;
        var after = change.ApplyTo(before);
        return (after.Error ?? AccessRules.Check(before, after.Value, ActorOf(before, user)))?.Code;
    }
}
