using Portal.Domain.Access;
using Portal.Domain.Primitives;
using Portal.TestKit.Fleet;
using Portal.Web.Live;

namespace Portal.Web.Tests.Live;

public sealed class SessionTests
{
    [Fact]
    public void SameRights_GrantsBuiltAnew_AreTheSame()
    {
        var again = new Actor("u1", "ada", [new(new Role("Administrator", [.. Enum.GetValues<Permission>()]), Scope.All)]);

        Assert.True(Session.SameRights(Some.Administrator, again));
    }

    [Fact]
    public void SameRights_NarrowerScopeOrOtherRole_AreNot()
    {
        Assert.False(Session.SameRights(Some.Administrator, Some.Administrator with { Grants = [new(BuiltInRoles.Administrator, new Scope.OfHost(new HostId("one")))] }));
        Assert.False(Session.SameRights(Some.Administrator, Some.Administrator with { Grants = [new(BuiltInRoles.Viewer, Scope.All)] }));
    }
}
