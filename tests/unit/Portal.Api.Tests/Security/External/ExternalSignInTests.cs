using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.IdentityModel.Tokens;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Security.External;

/// <summary>Sign-in by a real OpenID Connect provider on this machine.</summary>
public sealed class ExternalSignInTests : IAsyncLifetime
{
    private readonly PortalHost _portal = new();
    private IdentityProvider _provider = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await IdentityProvider.StartAsync();
        _portal.Settings["PORTAL_OIDC_AUTHORITY"] = _provider.Authority;
        _portal.Settings["PORTAL_OIDC_CLIENT_ID"] = IdentityProvider.Client;
        _portal.Settings["PORTAL_OIDC_CLIENT_SECRET"] = IdentityProvider.Secret;
        _portal.Settings["PORTAL_OIDC_TEAMS"] = "platform=web;admins=root";
    }

    public async ValueTask DisposeAsync()
    {
        await _portal.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task SignIn_FirstTime_MakesAnAccountInTheTeamsOfItsClaims()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var team = (await root.CallAsync("POST", "/teams", new { name = "web" })).Id;
        await root.CallAsync("POST", "/grants", new { subjectKind = "team", subjectId = team, role = "Viewer", scope = "all" });
        using var browser = Browser();
        var page = await SignInAsync(browser, "/containers?q=a");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("""content="0;url=/containers?q=a">""", page.Body, StringComparison.Ordinal);
        var me = await browser.CallAsync("GET", "/me");
        Assert.Equal(("ann", team), (me.Text("userName"), me.Body.GetProperty("teams")[0].GetString()));
        Assert.Equal(1, me.Body.GetProperty("grants").GetArrayLength());

        // Out of the group, out of the team; the account is the same.
        _provider.Claims["groups"] = (string[])["other"];
        using var again = Browser();
        await SignInAsync(again);
        Assert.Equal(0, (await again.CallAsync("GET", "/me")).Body.GetProperty("teams").GetArrayLength());
        Assert.Equal(me.Id, (await again.CallAsync("GET", "/me")).Id);
        Assert.Equal(0, (await browser.CallAsync("GET", "/me")).Body.GetProperty("grants").GetArrayLength());
    }

    [Fact]
    public async Task SignIn_UnderTheNameOfALocalAccount_DoesNotTakeItOver()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Administrator);
        using var browser = Browser();
        var page = await SignInAsync(browser);
        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.CallAsync("GET", "/me")).Status);
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "ExternalSignIn", Outcome: "user.taken" });
    }

    [Fact]
    public async Task SignIn_OfADisabledAccount_IsRefused()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        using var browser = Browser();
        await SignInAsync(browser);
        var id = (await browser.CallAsync("GET", "/me")).Id;
        await root.CallAsync("PUT", $"/users/{id}", new { name = "ann", disabled = true }, "*");
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.CallAsync("GET", "/me")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(browser)).Status);
    }

    [Fact]
    public async Task SignIn_WithATokenOfAnotherKey_IsRefused()
    {
        _provider.Forged = new RsaSecurityKey(RSA.Create(2048)) { KeyId = "k" };
        using var browser = Browser();
        Assert.Equal(HttpStatusCode.BadRequest, (await SignInAsync(browser)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.CallAsync("GET", "/me")).Status);
    }

    [Fact]
    public async Task Callback_OfAnotherBrowser_IsRefused()
    {
        using var eve = Browser();
        var callback = await CallbackAsync(eve, "/");
        using var victim = Browser();
        using var answer = await victim.GetAsync(callback);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await victim.CallAsync("GET", "/me")).Status);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("javascript:alert(1)")]
    public async Task ReturnUrl_OfAnotherSite_LeadsHome(string url)
    {
        using var browser = Browser();
        Assert.Contains("""content="0;url=/">""", (await SignInAsync(browser, url)).Body, StringComparison.Ordinal);
    }

    private HttpClient Browser() => _portal.CreateClient(new WebApplicationFactoryClientOptions { BaseAddress = new Uri("https://localhost"), AllowAutoRedirect = false, HandleCookies = true });

    private static async Task<string> CallbackAsync(HttpClient browser, string returnUrl)
    {
        using var begun = await browser.GetAsync($"/signin/external?returnUrl={Uri.EscapeDataString(returnUrl)}");
        Assert.Equal(HttpStatusCode.Redirect, begun.StatusCode);
        using var outside = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var asked = await outside.GetAsync(begun.Headers.Location);
        return asked.Headers.Location!.PathAndQuery;
    }

    private static async Task<(HttpStatusCode Status, string Body)> SignInAsync(HttpClient browser, string returnUrl = "/")
    {
        using var answer = await browser.GetAsync(await CallbackAsync(browser, returnUrl));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
