using System.Net;
using System.Text;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Security;

/// <summary>What is asked first: whoever could not do a thing learns nothing from how a request for it is written.</summary>
public class FrontDoorTests(PortalHost portal) : IClassFixture<PortalHost>
{
    [Theory]
    [InlineData("POST", "/users", "{", "application/json")]
    [InlineData("POST", "/users", "{}", "application/json")]
    [InlineData("POST", "/users", "name=ann", "application/x-www-form-urlencoded")]
    [InlineData("POST", "/users", "{}", null)]
    [InlineData("GET", "/users?page=0", null, null)]
    [InlineData("GET", "/audit?pageSize=x", null, null)]
    [InlineData("PUT", "/hosts/local/access", "[", "text/plain")]
    [InlineData("POST", "/hosts/local/volumes/data/copy", "{", "application/json")]
    [InlineData("PUT", "/hosts/local/volumes/data/content?path=a", "a", "application/json")]
    public async Task Malformed_ByWhoMayNot_IsForbiddenAndRecorded(string method, string path, string? body, string? type)
    {
        using var client = await portal.SignedInAsync(BuiltInRoles.Viewer);
        var before = (await portal.AuditAsync()).Count;

        var answer = await SendAsync(client, method, path, body, type);

        Assert.Equal((HttpStatusCode.Forbidden, "access.denied"), answer);
        var line = Assert.Single((await portal.AuditAsync()).Skip(before));
        Assert.Equal(("access.denied", "Viewer-"), (line.Outcome, line.ActorName));
        Assert.Contains("has no role with the permission", line.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PUT", "/hosts/local/access", "{", "application/json")]
    [InlineData("PUT", "/hosts/local/access", "a", "text/plain")]
    [InlineData("GET", "/hosts/local/containers?limit=x", null, null)]
    public async Task Malformed_OnAHostOfOthers_IsNotThere(string method, string path, string? body, string? type)
    {
        using var client = await portal.SignedInAsync(BuiltInRoles.Administrator, "elsewhere");

        Assert.Equal((HttpStatusCode.NotFound, "host.unknown"), await SendAsync(client, method, path, body, type));
    }

    [Theory]
    [InlineData("POST", "/users", "{", "application/json", 400, "request.invalid")]
    [InlineData("POST", "/users", "{}", "text/plain", 415, "request.media_type")]
    [InlineData("POST", "/users", "{}", "application/json; charset=utf-16", 415, "request.media_type")]
    [InlineData("POST", "/users", "{}", "nonsense", 415, "request.media_type")]
    [InlineData("POST", "/users", "{}", null, 415, "request.media_type")]
    [InlineData("PUT", "/hosts/local/volumes/data/content?path=a", "a", "application/json", 415, "request.media_type")]
    [InlineData("PUT", "/hosts/local/volumes/data/archive", "a", "application/octet-stream", 204, null)]
    public async Task Malformed_ByWhoMay_IsSaidSo(string method, string path, string body, string? type, int status, string? code)
    {
        using var client = await portal.SignedInAsync(BuiltInRoles.Administrator);

        Assert.Equal(((HttpStatusCode)status, code), await SendAsync(client, method, path, body, type));
    }

    private static async Task<(HttpStatusCode Status, string? Code)> SendAsync(HttpClient client, string method, string path, string? body, string? type)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1" + path);
        request.Content = body is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (type is not null)
        {
            request.Content!.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.CodeAsync());
    }
}
