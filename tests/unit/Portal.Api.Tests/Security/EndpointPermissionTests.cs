using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Security;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Security;

public class EndpointPermissionTests(PortalHost portal) : IClassFixture<PortalHost>
{
    /// <summary>Everything that answers without a sign-in. A new entry is a decision, and shows in the diff.</summary>
    private static readonly string[] s_anonymous = ["/health", "/api/v1/auth/passkey/options", "/api/v1/auth/passkey/session", "/api/v1/auth/passkey/token", "/api/v1/auth/refresh", "/api/v1/auth/token", "/api/v1/setup"];

    [Fact]
    public void EveryEndpoint_StatesItsPermission()
    {
        var undecided = Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<RequiredPermission>() is null
            && endpoint.Metadata.GetMetadata<SignedInOnly>() is null && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null);
        Assert.Empty(undecided.Select(endpoint => endpoint.DisplayName));
    }

    [Fact]
    public void AnonymousEndpoints_AreTheListedOnes() => Assert.Equal(
        s_anonymous.Order(),
        Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(endpoint => endpoint.RoutePattern.RawText).Order());

    [Theory]
    [InlineData("nobody")]
    [InlineData("revoked")]
    [InlineData("expired")]
    [InlineData("disabled")]
    [InlineData("nonsense")]
    public async Task EveryOtherEndpoint_WithoutAGoodSignIn_Is401(string caller)
    {
        using var client = await CallerAsync(caller);
        foreach (var endpoint in Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null))
        {
            var path = Regex.Replace(endpoint.RoutePattern.RawText!.Replace("{host}", "local", StringComparison.Ordinal).Replace("{documentName}", "v1", StringComparison.Ordinal), "{[^}]+}", "x");
            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "POST";
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Headers.Add("Origin", "https://localhost");
            using var answer = await client.SendAsync(request);
            Assert.True((int)answer.StatusCode == 401, $"{method} {path} answered {(int)answer.StatusCode}");
        }
    }

    /// <summary>Somebody who had every right, once.</summary>
    private async Task<HttpClient> CallerAsync(string caller)
    {
        if (caller is "nobody" or "nonsense")
        {
            return caller == "nobody" ? portal.Client() : portal.With("prt_nonsense");
        }

        await portal.AddUserAsync(caller, BuiltInRoles.Administrator);
        using var person = portal.With(await portal.TokenAsync(caller));
        var made = await person.CallAsync("POST", "/me/tokens", new { name = "ci", days = 1 });
        var id = (await person.CallAsync("GET", "/me")).Id;
        if (caller == "revoked")
        {
            await person.CallAsync("DELETE", $"/me/tokens/{made.Body.GetProperty("token").GetProperty("id").GetString()}");
        }
        else if (caller == "expired")
        {
            portal.Time.Advance(TimeSpan.FromDays(1));
        }
        else
        {
            using var root = await portal.SignedInAsync(BuiltInRoles.Administrator);
            Assert.Equal(System.Net.HttpStatusCode.OK, (await root.CallAsync("PUT", $"/users/{id}", new { name = caller, disabled = true }, "*")).Status);
        }

        return portal.With(made.Text("secret"));
    }

    private IEnumerable<RouteEndpoint> Endpoints() =>
        portal.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();
}
