using System.Net;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Access;

/// <summary>Users, teams, roles and grants over REST, on the real database.</summary>
public sealed class PeopleTests : IDisposable
{
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task User_MadeChangedAndRemoved_IsEachTimeWhatWasAsked()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var made = await root.CallAsync("POST", "/users", new { name = "ann", password = PortalHost.Password });
        Assert.Equal((HttpStatusCode.Created, "ann"), (made.Status, made.Text("name")));

        var read = await root.CallAsync("GET", $"/users/{made.Id}");
        Assert.Equal((HttpStatusCode.OK, made.ETag), (read.Status, read.ETag));
        Assert.Equal("request.precondition", (await root.CallAsync("PUT", $"/users/{made.Id}", new { name = "anna", disabled = false })).Code);
        var renamed = await root.CallAsync("PUT", $"/users/{made.Id}", new { name = "anna", disabled = false }, read.ETag);
        Assert.Equal((HttpStatusCode.OK, "anna"), (renamed.Status, renamed.Text("name")));

        var stale = await root.CallAsync("PUT", $"/users/{made.Id}", new { name = "annb", disabled = false }, read.ETag);
        Assert.Equal((HttpStatusCode.PreconditionFailed, "request.stale"), (stale.Status, stale.Code));
        Assert.Equal(HttpStatusCode.OK, (await root.CallAsync("PUT", $"/users/{made.Id}", new { name = "annb", disabled = false }, renamed.ETag)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await root.CallAsync("DELETE", $"/users/{made.Id}")).Status);
        Assert.Equal("user.unknown", (await root.CallAsync("GET", $"/users/{made.Id}")).Code);
    }

    [Fact]
    public async Task User_DisabledOrReset_IsOutAtOnceWithEveryToken()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        var id = (await root.CallAsync("GET", "/users?filter=ANN")).Body.GetProperty("items")[0].GetProperty("id").GetString()!;
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        using var script = _portal.With((await ann.CallAsync("POST", "/me/tokens", new { name = "ci", days = 1 })).Text("secret"));
        Assert.Equal(HttpStatusCode.OK, (await script.CallAsync("GET", "/me")).Status);

        await root.CallAsync("PUT", $"/users/{id}", new { name = "ann", disabled = true }, "*");
        Assert.Equal(HttpStatusCode.Unauthorized, (await ann.CallAsync("GET", "/me")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await script.CallAsync("GET", "/me")).Status);
        await root.CallAsync("PUT", $"/users/{id}", new { name = "ann", disabled = false }, "*");
        Assert.Equal(HttpStatusCode.Unauthorized, (await ann.CallAsync("GET", "/me")).Status);
        Assert.Equal(HttpStatusCode.OK, (await script.CallAsync("GET", "/me")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await root.CallAsync("POST", $"/users/{id}/password", new { password = "another horse battery" })).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await script.CallAsync("GET", "/me")).Status);
    }

    [Fact]
    public async Task Users_PagesFilterAndOrder_AreTheServers()
    {
        foreach (var name in (string[])["cy", "ann", "bob", "banana"])
        {
            await _portal.AddUserAsync(name, BuiltInRoles.Viewer);
        }

        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var page = (await root.CallAsync("GET", "/users?filter=an&sort=-name&page=2&pageSize=1")).Body;
        Assert.Equal((2, "ann"), (page.GetProperty("total").GetInt32(), page.GetProperty("items")[0].GetProperty("name").GetString()));
        Assert.Equal(0, (await root.CallAsync("GET", "/users?filter=%25")).Body.GetProperty("total").GetInt32());
        Assert.Equal("request.invalid", (await root.CallAsync("GET", "/users?sort=passwordHash")).Code);
        Assert.Equal("request.invalid", (await root.CallAsync("GET", "/users?pageSize=1000000000")).Code);
    }

    [Fact]
    public async Task Create_SentTwiceWithOneKey_MakesOne()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var first = await root.CallAsync("POST", "/teams", new { name = "web" }, key: "k1");
        var again = await root.CallAsync("POST", "/teams", new { name = "web" }, key: "k1");
        Assert.Equal((HttpStatusCode.Created, first.Id), (again.Status, again.Id));
        Assert.Equal("idempotency.other", (await root.CallAsync("POST", "/teams", new { name = "other" }, key: "k1")).Code);
        Assert.Equal("team.taken", (await root.CallAsync("POST", "/teams", new { name = "WEB" }, key: "k2")).Code);
        Assert.Equal(HttpStatusCode.Created, (await root.CallAsync("POST", "/teams", new { name = "other" }, key: "k2")).Status);
    }

    [Fact]
    public async Task Grant_ToATeam_ReachesItsMembersUntilTheyLeave()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var ann = (await root.CallAsync("POST", "/users", new { name = "ann", password = PortalHost.Password })).Id;
        var team = (await root.CallAsync("POST", "/teams", new { name = "web" })).Id;
        await root.CallAsync("POST", "/roles", new { name = "Looker", permissions = (string[])["HostRead"] });
        var grant = await root.CallAsync("POST", "/grants", new { subjectKind = "team", subjectId = team, role = "Looker", scope = "host:local" });
        Assert.Equal(HttpStatusCode.Created, grant.Status);
        using var client = _portal.With(await _portal.TokenAsync("ann"));
        Assert.Equal("access.denied", (await client.CallAsync("GET", "/hosts")).Code);

        await root.CallAsync("PUT", $"/teams/{team}/members/{ann}");
        Assert.Equal(1, (await client.CallAsync("GET", "/hosts")).Body.GetProperty("total").GetInt32());
        var why = await root.CallAsync("GET", $"/access/why?user={ann}&permission=HostRead&host=local");
        Assert.Equal(grant.Id, why.Body.GetProperty("by").GetProperty("id").GetString());
        Assert.Equal("host:local", (await client.CallAsync("GET", "/me")).Body.GetProperty("grants")[0].GetProperty("scope").GetString());

        await root.CallAsync("DELETE", $"/teams/{team}/members/{ann}");
        Assert.Equal("access.denied", (await client.CallAsync("GET", "/hosts")).Code);
        Assert.False((await root.CallAsync("GET", $"/access/why?user={ann}&permission=HostRead&host=local")).Body.GetProperty("allowed").GetBoolean());
    }

    [Fact]
    public async Task LastAdministrator_OverRest_Stays()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var id = (await root.CallAsync("GET", "/me")).Id;
        var grant = (await root.CallAsync("GET", $"/grants?subject={id}")).Body.GetProperty("items")[0].GetProperty("id").GetString();
        Assert.Equal("access.last_administrator", (await root.CallAsync("DELETE", $"/users/{id}")).Code);
        Assert.Equal("access.last_administrator", (await root.CallAsync("DELETE", $"/grants/{grant}")).Code);
        Assert.Equal("access.last_administrator", (await root.CallAsync("PUT", $"/users/{id}", new { name = "root", disabled = true }, "*")).Code);
        Assert.Equal(HttpStatusCode.OK, (await root.CallAsync("GET", "/users")).Status);
    }

    [Fact]
    public async Task Governor_WhoIsNoAdministrator_CannotRise()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var rootId = (await root.CallAsync("GET", "/me")).Id;
        var gov = (await root.CallAsync("POST", "/users", new { name = "gov", password = PortalHost.Password })).Id;
        await root.CallAsync("POST", "/roles", new { name = "Governor", permissions = (string[])["UserRead", "UserManage", "AccessManage"] });
        await root.CallAsync("POST", "/grants", new { subjectKind = "user", subjectId = gov, role = "Governor", scope = "all" });
        using var client = _portal.With(await _portal.TokenAsync("gov"));
        Assert.Equal(HttpStatusCode.OK, (await client.CallAsync("GET", "/users")).Status);
        Assert.Equal("access.beyond", (await client.CallAsync("POST", "/grants", new { subjectKind = "user", subjectId = gov, role = "Administrator", scope = "all" })).Code);
        Assert.Equal("access.beyond", (await client.CallAsync("POST", $"/users/{rootId}/password", new { password = "another horse battery" })).Code);
        Assert.Equal("access.beyond", (await client.CallAsync("PUT", "/roles/Governor", new { permissions = (string[])["UserRead", "SettingsManage"] }, "*")).Code);
        Assert.Equal("access.denied", (await client.CallAsync("GET", "/audit")).Code);
    }

    [Fact]
    public async Task Change_InTheAuditLog_SaysWhoWhatFromWhereAndNoSecret()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var id = (await root.CallAsync("POST", "/users", new { name = "ann", password = PortalHost.Password })).Id;
        await root.CallAsync("PUT", $"/users/{id}", new { name = "anna", disabled = true }, "*");
        var lines = await _portal.AuditAsync();
        var line = Assert.Single(lines, line => line is { Operation: "UpdateUser", Outcome: "ok" });
        Assert.Equal(("Administrator-", "user ann", "user anna, disabled"), (line.ActorName, line.Before, line.After));
        Assert.Null(AuditChain.FirstFault(lines));
        Assert.DoesNotContain(lines, line => $"{line.Before}{line.After}{line.Target}{line.Message}".Contains(PortalHost.Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Password_ChangedByOneself_WantsTheCurrentOneAndEndsEverySession()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        using var other = _portal.With(await _portal.TokenAsync("ann"));
        Assert.Equal("signin.failed", (await ann.CallAsync("POST", "/me/password", new { current = "wrong password", password = "another horse battery" })).Code);
        Assert.Equal("user.password", (await ann.CallAsync("POST", "/me/password", new { current = PortalHost.Password, password = "password123" })).Code);
        Assert.Equal(HttpStatusCode.OK, (await other.CallAsync("GET", "/me")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await ann.CallAsync("POST", "/me/password", new { current = PortalHost.Password, password = "another horse battery" })).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ann.CallAsync("GET", "/me")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.CallAsync("GET", "/me")).Status);
    }

    [Fact]
    public async Task Body_WithFieldsThatAreNotAsked_IsRefused()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var made = await root.CallAsync("POST", "/users", new { name = "ann", password = PortalHost.Password, role = "Administrator", isAdmin = true, grants = (object[])[new { role = "Administrator", scope = "all" }] });
        Assert.Equal(HttpStatusCode.BadRequest, made.Status);
        Assert.DoesNotContain("\"ann\"", (await root.CallAsync("GET", "/users")).Body.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Operator")]
    [InlineData("Developer")]
    [InlineData("Helpdesk")]
    [InlineData("Auditor")]
    [InlineData("Viewer")]
    public async Task Governing_ByAnybodyElse_IsRefusedAndRecorded(string role)
    {
        using var client = await _portal.SignedInAsync(BuiltInRoles.Find(role)!);
        (string Method, string Path, object? Body)[] calls =
        [
            ("POST", "/users", new { name = "eve", password = PortalHost.Password }), ("PUT", "/users/x", new { name = "eve", disabled = false }), ("DELETE", "/users/x", null),
            ("POST", "/users/x/password", new { password = "another horse battery" }), ("GET", "/users/x/sessions", null), ("DELETE", "/users/x/sessions/y", null),
            ("POST", "/teams", new { name = "web" }), ("PUT", "/teams/x", new { name = "web", members = Array.Empty<string>() }), ("DELETE", "/teams/x", null), ("PUT", "/teams/x/members/y", null),
            ("POST", "/roles", new { name = "r", permissions = (string[])["HostRead"] }), ("PUT", "/roles/r", new { permissions = (string[])["HostRead"] }), ("DELETE", "/roles/r", null),
            ("POST", "/grants", new { subjectKind = "user", subjectId = "x", role = "Viewer", scope = "all" }), ("DELETE", "/grants/x", null),
            ("POST", "/teams/x/tokens", new { name = "ci", days = 1 }), ("DELETE", "/teams/x/tokens/y", null), ("GET", "/users/x/tokens", null), ("DELETE", "/users/x/tokens/y", null),
            ("GET", "/hosts/local/access", null), ("PUT", "/settings/security", new { administratorsNeedSecondFactor = true }),
        ];
        foreach (var (method, path, body) in calls)
        {
            var answer = await client.CallAsync(method, path, body, "*");
            Assert.True(answer is { Status: HttpStatusCode.Forbidden, Code: "access.denied" }, $"{method} {path} answered {answer.Status} {answer.Code}");
        }

        Assert.Equal(calls.Length, (await _portal.AuditAsync()).Count(line => line.Outcome == "access.denied"));
    }
}
