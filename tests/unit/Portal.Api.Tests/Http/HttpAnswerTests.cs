using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Http;

public class HttpAnswerTests(PortalHost portal) : IClassFixture<PortalHost>
{
    [Theory]
    [InlineData("GET", "/api/v1/nothing", null, null, 404, "request.route")]
    [InlineData("GET", "/api", null, null, 404, "request.route")]
    [InlineData("PUT", "/api/v1/me", null, null, 405, "request.method")]
    [InlineData("POST", "/api/v1/auth/token", "{", "application/json", 400, "request.invalid")]
    [InlineData("POST", "/api/v1/auth/token", "null", "application/json", 400, "request.invalid")]
    [InlineData("POST", "/api/v1/auth/token", "{}", "application/json", 400, "request.invalid")]
    [InlineData("POST", "/api/v1/auth/token", """{"userName":1,"password":2}""", "application/json", 400, "request.invalid")]
    [InlineData("POST", "/api/v1/auth/token", "userName=ann", "application/x-www-form-urlencoded", 415, "request.media_type")]
    [InlineData("GET", "/api/v1/hosts/local/containers?pageSize=501", null, null, 400, "request.invalid")]
    [InlineData("GET", "/api/v1/hosts/local/containers?pageSize=x", null, null, 400, "request.invalid")]
    [InlineData("GET", "/api/v1/hosts/local/containers?state=asleep", null, null, 400, "request.invalid")]
    [InlineData("GET", "/api/v1/hosts/LOCAL!", null, null, 404, "host.unknown")]
    [InlineData("GET", "/api/v1/hosts/other", null, null, 404, "host.unknown")]
    [InlineData("POST", "/api/v1/hosts/local/containers/%20%3Cscript%3E/start", null, null, 404, "container.unknown")]
    public async Task BadInput_IsAProblemWithAStableCode(string method, string path, string? body, string? type, int status, string code)
    {
        using var client = await portal.SignedInAsync(BuiltInRoles.Administrator);
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type!) };
        using var answer = await client.SendAsync(request);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((status, code, status), ((int)answer.StatusCode, problem.GetProperty("code").GetString(), problem.GetProperty("status").GetInt32()));
        Assert.DoesNotContain("Exception", problem.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health", 200)]
    [InlineData("/api/v1/me", 401)]
    [InlineData("/api/v1/nothing", 401)]
    [InlineData("/swagger/index.html", 302)]
    [InlineData("/openapi/v1.json", 401)]
    [InlineData("/anything", 302)]
    public async Task EveryAnswer_HasTheGuardingHeaders(string path, int status)
    {
        using var client = portal.Client();
        using var answer = await client.GetAsync(path);
        Assert.Equal(status, (int)answer.StatusCode);
        var headers = answer.Headers.ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        Assert.Contains("frame-ancestors 'none'", headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("script-src 'self';", headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Equal(
            ("nosniff", "no-referrer", "same-origin", "same-origin", "no-store"),
            (headers["X-Content-Type-Options"], headers["Referrer-Policy"], headers["Cross-Origin-Opener-Policy"], headers["Cross-Origin-Resource-Policy"], headers["Cache-Control"]));
        Assert.False(headers.ContainsKey("Strict-Transport-Security"), "A browser could never be let in again over the self-signed certificate.");
    }

    [Fact]
    public async Task Redirect_ToSignIn_IsRelative()
    {
        using var client = portal.Client();
        using var answer = await client.GetAsync("//evil.example/x?y=z");
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.StartsWith("/signin?returnUrl=", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }
}
