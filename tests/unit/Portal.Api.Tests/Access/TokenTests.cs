using System.Net;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Access;

/// <summary>API tokens, refresh tokens, tickets and sessions.</summary>
public sealed class TokenTests : IAsyncDisposable
{
    private readonly PortalHost _portal = new();

    public ValueTask DisposeAsync() => _portal.DisposeAsync();

    [Fact]
    public async Task ApiToken_Stored_IsNotTheSecret()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        var made = await ann.CallAsync("POST", "/me/tokens", new { name = "ci", days = 7 });
        Assert.Matches("^prt_[A-Za-z0-9_-]{43}$", made.Text("secret"));
        await using var db = await Db();
        var record = await db.ApiTokens.SingleAsync();
        Assert.DoesNotContain(made.Text("secret")[12..], $"{record.SecretHash} {record.Prefix} {record.Name}", StringComparison.Ordinal);
        Assert.StartsWith(record.Prefix, made.Text("secret"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApiToken_Limited_MayOnlyWhatBothMay()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        using var script = _portal.With(await IssueAsync(root, new { name = "ci", days = 7, limits = (object[])[new { role = "Auditor", scope = "all" }] }));
        Assert.Equal(HttpStatusCode.OK, (await script.CallAsync("GET", "/users")).Status);
        Assert.Equal("access.denied", (await script.CallAsync("POST", "/teams", new { name = "web" })).Code);
        Assert.Equal("access.person", (await script.CallAsync("POST", "/me/tokens", new { name = "more", days = 7 })).Code);
        Assert.Equal("access.person", (await script.CallAsync("POST", "/me/second-factor")).Code);

        // Of somebody who may less than the limit says, it may no more than they do.
        using var viewer = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        using var weak = _portal.With(await IssueAsync(viewer, new { name = "ci", days = 7, limits = (object[])[new { role = "Administrator", scope = "all" }] }));
        Assert.Equal("access.denied", (await weak.CallAsync("GET", "/users")).Code);
    }

    [Fact]
    public async Task ApiToken_RevokedExpiredOrWrong_IsRefusedAlike()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        var made = await ann.CallAsync("POST", "/me/tokens", new { name = "ci", days = 1 });
        using var revoked = _portal.With(made.Text("secret"));
        using var expired = _portal.With(await IssueAsync(ann, new { name = "old", days = 1 }));
        Assert.Equal(HttpStatusCode.OK, (await revoked.CallAsync("GET", "/me")).Status);
        await ann.CallAsync("DELETE", $"/me/tokens/{made.Body.GetProperty("token").GetProperty("id").GetString()}");
        var answers = new List<Answered> { await revoked.CallAsync("GET", "/me") };
        _portal.Time.Advance(TimeSpan.FromDays(1));
        answers.Add(await expired.CallAsync("GET", "/me"));
        using var wrong = _portal.With("prt_" + new string('A', 43));
        answers.Add(await wrong.CallAsync("GET", "/me"));
        using var endless = _portal.With("prt_" + new string('A', 8000));
        answers.Add(await endless.CallAsync("GET", "/me"));
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.Unauthorized, "access.sign_in"), (answer.Status, answer.Code)));
    }

    [Fact]
    public async Task ApiToken_Used_IsWrittenDownOnceAMinute()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        using var script = _portal.With(await IssueAsync(ann, new { name = "ci", days = 1 }));
        async Task<long?> UsedAsync()
        {
            await using var db = await Db();
            return (await db.ApiTokens.SingleAsync()).LastUsedUnix;
        }

        Assert.Null(await UsedAsync());
        await script.CallAsync("GET", "/me");
        var first = await UsedAsync();
        _portal.Time.Advance(TimeSpan.FromSeconds(30));
        await script.CallAsync("GET", "/me");
        Assert.Equal(first, await UsedAsync());
        _portal.Time.Advance(TimeSpan.FromSeconds(31));
        await script.CallAsync("GET", "/me");
        Assert.True(await UsedAsync() >= first + 60);
    }

    [Fact]
    public async Task ApiToken_OfATeam_SpeaksForTheTeam()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var team = (await root.CallAsync("POST", "/teams", new { name = "web" })).Id;
        await root.CallAsync("POST", "/grants", new { subjectKind = "team", subjectId = team, role = "Viewer", scope = "host:local" });
        using var script = _portal.With((await root.CallAsync("POST", $"/teams/{team}/tokens", new { name = "ci", days = 1 })).Text("secret"));
        Assert.Equal("team web", (await script.CallAsync("GET", "/me")).Text("userName"));
        Assert.Equal(1, (await script.CallAsync("GET", "/hosts")).Body.GetProperty("total").GetInt32());
        await root.CallAsync("DELETE", $"/teams/{team}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await script.CallAsync("GET", "/me")).Status);
    }

    [Fact]
    public async Task Refresh_Exchanged_GivesTheNextOnce()
    {
        var first = await SignInAsync();
        using var client = _portal.Client();
        var second = await client.CallAsync("POST", "/auth/refresh", new { refreshToken = first.Text("refreshToken") });
        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.NotEqual(first.Text("refreshToken"), second.Text("refreshToken"));
        using var ann = _portal.With(second.Text("accessToken"));
        Assert.Equal(HttpStatusCode.OK, (await ann.CallAsync("GET", "/me")).Status);
        Assert.Equal("refresh.refused", (await client.CallAsync("POST", "/auth/refresh", new { refreshToken = "nonsense" })).Code);
    }

    [Fact]
    public async Task Refresh_ShownTwice_EndsTheWholeFamily()
    {
        var first = await SignInAsync();
        using var client = _portal.Client();
        var second = await client.CallAsync("POST", "/auth/refresh", new { refreshToken = first.Text("refreshToken") });
        Assert.Equal("refresh.refused", (await client.CallAsync("POST", "/auth/refresh", new { refreshToken = first.Text("refreshToken") })).Code);
        Assert.Equal("refresh.refused", (await client.CallAsync("POST", "/auth/refresh", new { refreshToken = second.Text("refreshToken") })).Code);
        foreach (var answer in (Answered[])[first, second])
        {
            using var ann = _portal.With(answer.Text("accessToken"));
            Assert.Equal(HttpStatusCode.Unauthorized, (await ann.CallAsync("GET", "/me")).Status);
        }

        Assert.Single(await _portal.AuditAsync(), line => line.Outcome == "refresh.reused");
    }

    [Fact]
    public async Task Refresh_ManyAtOnceWithOne_IsReuse()
    {
        var first = await SignInAsync();
        using var client = _portal.Client();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.CallAsync("POST", "/auth/refresh", new { refreshToken = first.Text("refreshToken") })));
        Assert.InRange(answers.Count(answer => answer.Status == HttpStatusCode.OK), 0, 1);
        using var ann = _portal.With(first.Text("accessToken"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await ann.CallAsync("GET", "/me")).Status);
    }

    [Fact]
    public async Task Refresh_UnusedForADay_IsNoneAnyMore()
    {
        var first = await SignInAsync();
        _portal.Time.Advance(TimeSpan.FromHours(24));
        using var client = _portal.Client();
        Assert.Equal("refresh.refused", (await client.CallAsync("POST", "/auth/refresh", new { refreshToken = first.Text("refreshToken") })).Code);
    }

    [Fact]
    public async Task Session_OfAProgramEnded_TakesItsTokens()
    {
        var signedIn = await SignInAsync();
        using var ann = _portal.With(signedIn.Text("accessToken"));
        var session = Assert.Single((await ann.CallAsync("GET", "/me/sessions")).Body.EnumerateArray());
        Assert.Equal(("program", true), (session.GetProperty("kind").GetString(), session.GetProperty("current").GetBoolean()));
        Assert.Equal("session.unknown", (await ann.CallAsync("DELETE", "/me/sessions/another")).Code);
        Assert.Equal(HttpStatusCode.NoContent, (await ann.CallAsync("DELETE", $"/me/sessions/{session.GetProperty("id").GetString()}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ann.CallAsync("GET", "/me")).Status);
        using var client = _portal.Client();
        Assert.Equal("refresh.refused", (await client.CallAsync("POST", "/auth/refresh", new { refreshToken = signedIn.Text("refreshToken") })).Code);
    }

    [Fact]
    public async Task Session_OfSomebodyElse_CannotBeEnded()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        var id = (await root.CallAsync("GET", "/me/sessions")).Body[0].GetProperty("id").GetString();
        Assert.Equal("session.unknown", (await ann.CallAsync("DELETE", $"/me/sessions/{id}")).Code);
        Assert.Equal(HttpStatusCode.OK, (await root.CallAsync("GET", "/me")).Status);
    }

    [Fact]
    public async Task Ticket_ForALiveConnection_IsGoodOnceAndFor30Seconds()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        var used = (await ann.CallAsync("POST", "/auth/ticket")).Text("ticket");
        await using (var hub = Hub(used))
        {
            await hub.StartAsync();
            Assert.Equal(HubConnectionState.Connected, hub.State);
        }

        await using var again = Hub(used);
        await Assert.ThrowsAnyAsync<Exception>(() => again.StartAsync());
        var old = (await ann.CallAsync("POST", "/auth/ticket")).Text("ticket");
        _portal.Time.Advance(TimeSpan.FromSeconds(30));
        await using var late = Hub(old);
        await Assert.ThrowsAnyAsync<Exception>(() => late.StartAsync());
    }

    [Theory]
    [InlineData("ticket")]
    [InlineData("access_token")]
    public async Task TokenInTheAddress_OfTheRestApi_IsNotLookedAt(string parameter)
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        var ticket = (await ann.CallAsync("POST", "/auth/ticket")).Text("ticket");
        using var client = _portal.Client();
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.CallAsync("GET", $"/me?{parameter}={(parameter == "ticket" ? ticket : ann.DefaultRequestHeaders.Authorization!.Parameter)}")).Status);
    }

    [Theory]
    [InlineData("token")]
    [InlineData("session")]
    public async Task Stream_OfWhatIsRevoked_EndsWithinSeconds(string what)
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        var made = await ann.CallAsync("POST", "/me/tokens", new { name = "ci", days = 1 });
        using var script = _portal.With(made.Text("secret"));
        var path = what == "token"
            ? $"/me/tokens/{made.Body.GetProperty("token").GetProperty("id").GetString()}"
            : $"/me/sessions/{(await ann.CallAsync("GET", "/me/sessions")).Body[0].GetProperty("id").GetString()}";
        await using var hub = Hub((await (what == "token" ? script : ann).CallAsync("POST", "/auth/ticket")).Text("ticket"));
        await hub.StartAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var hosts = hub.StreamAsync<object>("Hosts", limit.Token).GetAsyncEnumerator();
        Assert.True(await hosts.MoveNextAsync());

        Assert.Equal(HttpStatusCode.NoContent, (await ann.CallAsync("DELETE", path)).Status);
        var refused = await Assert.ThrowsAsync<Microsoft.AspNetCore.SignalR.HubException>(async () =>
        {
            while (await hosts.MoveNextAsync())
            {
            }
        });
        Assert.Contains("access.revoked", refused.Message, StringComparison.Ordinal);
    }

    private HubConnection Hub(string ticket) => new HubConnectionBuilder().WithUrl($"https://localhost/hubs/live?ticket={ticket}", options =>
    {
        options.SkipNegotiation = true;
        options.Transports = HttpTransportType.WebSockets;
        options.WebSocketFactory = async (context, ct) => await _portal.Server.CreateWebSocketClient().ConnectAsync(context.Uri, ct);
    }).Build();

    private Task<PortalDb> Db() => _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();

    private static async Task<string> IssueAsync(HttpClient client, object token) => (await client.CallAsync("POST", "/me/tokens", token)).Text("secret");

    private async Task<Answered> SignInAsync()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var client = _portal.Client();
        return await client.CallAsync("POST", "/auth/token", new { userName = "ann", password = PortalHost.Password });
    }
}
