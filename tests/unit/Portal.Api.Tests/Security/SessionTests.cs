using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;

namespace Portal.Api.Tests.Security;

public sealed class SessionTests : IDisposable
{
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task Cookie_OfSignIn_HasEveryGuard()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var client = _portal.Client();
        using var answer = await client.GetAsync("/test/sign-in?name=ann");
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("__Host-portal=", cookie, StringComparison.Ordinal);
        Assert.Contains("path=/;", cookie, StringComparison.Ordinal);
        Assert.Contains("secure", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Session_Idle30Minutes_Ends()
    {
        var cookie = await SignInAsync();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(cookie));
        _portal.Time.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(cookie));
    }

    [Fact]
    public async Task Session_InUseAllTheTime_EndsAfter12Hours()
    {
        var cookie = await SignInAsync();
        for (var minutes = 0; minutes < 11 * 60; minutes += 20)
        {
            _portal.Time.Advance(TimeSpan.FromMinutes(20));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(cookie));
        }

        for (var minutes = 0; minutes < 60; minutes += 20)
        {
            _portal.Time.Advance(TimeSpan.FromMinutes(20));
            await AskAsync(cookie);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(cookie));
    }

    [Fact]
    public async Task Session_OfAPageThatStaysOpen_OutlivesTheIdleTimeButNot12Hours()
    {
        var (page, key) = await OpenPageAsync();
        for (var minutes = 20; minutes < 12 * 60; minutes += 20)
        {
            _portal.Time.Advance(TimeSpan.FromMinutes(20));
            Assert.Equal("ann", (await LookAsync(page)).Name);
        }

        // What a reload at this moment finds.
        Assert.True((await Sessions.RetrieveAsync(key))?.Properties.ExpiresUtc > _portal.Time.GetUtcNow());

        _portal.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Same(Actor.Anonymous, await LookAsync(page));
    }

    [Fact]
    public async Task Session_OfAPageThatStaysOpen_EndsWithASignOutElsewhere()
    {
        var (page, key) = await OpenPageAsync();
        Assert.Equal("ann", (await LookAsync(page)).Name);

        await Sessions.RemoveAsync(key);

        Assert.Same(Actor.Anonymous, await LookAsync(page));
    }

    [Fact]
    public async Task Session_SignedOut_IsDeadEvenForAKeptCookie()
    {
        var cookie = await SignInAsync();
        using var client = _portal.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/test/sign-out");
        request.Headers.Add("Cookie", cookie);
        await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(cookie));
    }

    [Fact]
    public async Task Session_PasswordChanged_IsDead()
    {
        var cookie = await SignInAsync();
        await using var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.SecurityStamp, "another"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(cookie));
    }

    [Fact]
    public async Task SignIn_Again_GivesANewSession() => Assert.NotEqual(await SignInAsync(), await SignInAsync());

    private SessionStore Sessions => _portal.Services.GetRequiredService<SessionStore>();

    /// <summary>A session as a page's circuit has it: a principal, and no requests.</summary>
    private async Task<(ClaimsPrincipal Page, string Key)> OpenPageAsync()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        var user = await _portal.Services.GetRequiredService<ISignIn>().PasswordAsync("ann", PortalHost.Password, null, "test", default);
        var ticket = new AuthenticationTicket(user.Value, PortalSchemes.Cookie);
        return (ticket.Principal, await Sessions.StoreAsync(ticket));
    }

    private Task<Actor> LookAsync(ClaimsPrincipal page) => _portal.Services.GetRequiredService<IActors>().FindAsync(page, default);

    private async Task<string> SignInAsync()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var client = _portal.Client();
        using var answer = await client.GetAsync("/test/sign-in?name=ann");
        return answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private async Task<HttpStatusCode> AskAsync(string cookie)
    {
        using var client = _portal.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me");
        request.Headers.Add("Cookie", cookie);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
