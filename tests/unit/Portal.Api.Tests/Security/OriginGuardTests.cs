using System.Net;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Security;

public class OriginGuardTests(PortalHost portal) : IClassFixture<PortalHost>
{
    [Theory]
    [InlineData("https://localhost", "same-origin", true)]
    [InlineData("https://localhost", null, true)]
    [InlineData(null, "same-origin", true)]
    [InlineData(null, null, false)]
    [InlineData("https://evil.example", null, false)]
    [InlineData("http://localhost", null, false)]
    [InlineData("https://localhost:8443", null, false)]
    [InlineData("https://localhost.evil.example", null, false)]
    [InlineData("null", null, false)]
    [InlineData("null", "same-origin", true)]
    [InlineData("null", "cross-site", false)]
    [InlineData("null", "same-site", false)]
    [InlineData("https://localhost", "cross-site", false)]
    [InlineData("https://localhost", "same-site", false)]
    [InlineData(null, "none", false)]
    [InlineData(null, "cross-site", false)]
    [InlineData("https://evil.example", "same-origin", false)]
    public async Task StateChange_WithCookie_OnlyFromThisOrigin(string? origin, string? site, bool accepted)
    {
        var status = await SendAsync(HttpMethod.Post, "/api/v1/hosts/local/containers/x/start", origin, site, await CookieAsync());
        Assert.Equal(accepted ? HttpStatusCode.NotFound : HttpStatusCode.Forbidden, status);
    }

    [Theory]
    [InlineData("https://evil.example", null)]
    [InlineData(null, "cross-site")]
    [InlineData("null", null)]
    public async Task StateChange_OfTheSignInItself_NotFromElsewhere(string? origin, string? site) =>
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Post, "/api/v1/auth/token", origin, site, null));

    [Theory]
    [InlineData("/hubs/live", "https://localhost", true)]
    [InlineData("/hubs/live", null, false)]
    [InlineData("/hubs/live", "null", false)]
    [InlineData("/hubs/live", "https://evil.example", false)]
    [InlineData("/_blazor", "https://evil.example", false)]
    [InlineData("/_blazor", null, false)]
    public async Task WebSocket_WithCookie_OnlyFromThisOrigin(string path, string? origin, bool accepted)
    {
        var status = await SendAsync(HttpMethod.Get, path, origin, null, await CookieAsync(), webSocket: true);
        Assert.Equal(!accepted, status == HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Negotiate_WithCookieFromElsewhere_IsRefused()
    {
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Post, "/hubs/live/negotiate?negotiateVersion=1", "https://evil.example", null, await CookieAsync()));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Post, "/_blazor/negotiate", null, null, await CookieAsync()));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Post, "/_blazor/negotiate", "null", "same-origin", await CookieAsync()));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(HttpMethod.Post, "/hubs/live/negotiate?negotiateVersion=1", "https://localhost", "same-origin", await CookieAsync()));
    }

    private async Task<string> CookieAsync()
    {
        await portal.AddUserAsync("ann", BuiltInRoles.Administrator);
        using var client = portal.Client();
        using var answer = await client.GetAsync("/test/sign-in?name=ann");
        return answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, string? origin, string? site, string? cookie, bool webSocket = false)
    {
        using var client = portal.Client();
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in new (string, string?)[] { ("Origin", origin), ("Sec-Fetch-Site", site), ("Cookie", cookie), ("Upgrade", webSocket ? "websocket" : null) })
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
