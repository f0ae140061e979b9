using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.E2E;

namespace Portal.Web.E2E;

/// <summary>What programs do: the same operations as the pages, with a token.</summary>
public sealed class RestTests(ReadyPortal portal) : IAsyncLifetime
{
    private const string Containers = "/api/v1/hosts/local/containers";

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await portal.ClearAsync();

    [Fact]
    public async Task Container_WithAToken_IsListedStartedStoppedAndRemoved()
    {
        var token = await portal.TokenAsync();
        (await portal.Docker.RunAsync("create", "--name", "rest", "busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")).Succeeded();
        await Patience.UntilAsync("the portal has heard of the container", async () => (await ItemAsync(token, "rest"))?["state"]?.GetValue<string>() == "created");

        await DoAsync(HttpMethod.Post, $"{Containers}/rest/start", token);
        Assert.Equal("running", await portal.Docker.InspectAsync("rest", "{{.State.Status}}"));
        await Patience.UntilAsync("the list shows it running", async () => (await ItemAsync(token, "rest"))?["state"]?.GetValue<string>() == "running");

        await DoAsync(HttpMethod.Post, $"{Containers}/rest/stop", token);
        Assert.Equal("exited", await portal.Docker.InspectAsync("rest", "{{.State.Status}}"));

        await DoAsync(HttpMethod.Delete, $"{Containers}/rest", token);
        await Patience.UntilAsync("the list no longer shows it", async () => await ItemAsync(token, "rest") is null);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("garbage")]
    [InlineData("expired")]
    [InlineData("signed with another key")]
    [InlineData("unsigned")]
    public async Task Request_WithATokenThatDoesNotCount_IsUnauthorized(string kind)
    {
        var real = await portal.TokenAsync();
        var token = kind switch
        {
            "garbage" => "garbage",
            "expired" => Sign(real, await File.ReadAllBytesAsync(Path.Combine(portal.PortalRoot, "token-key")), DateTimeOffset.UtcNow.AddHours(-1)),
            "signed with another key" => Sign(real, RandomNumberGenerator.GetBytes(32), DateTimeOffset.UtcNow),
            "unsigned" => $"{Encode("""{"alg":"none","typ":"at+jwt"}"""u8.ToArray())}.{real.Split('.')[1]}.",
            _ => null,
        };

        using var answer = await portal.SendAsync(HttpMethod.Get, Containers, token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Request_WithATokenSignedAnewWithTheRealKey_Counts()
    {
        // Shows that the refusals above are about time and key, not about how the tests sign.
        var token = Sign(await portal.TokenAsync(), await File.ReadAllBytesAsync(Path.Combine(portal.PortalRoot, "token-key")), DateTimeOffset.UtcNow);

        using var answer = await portal.SendAsync(HttpMethod.Get, Containers, token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("/api/v1/hosts/nowhere/containers", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/hosts/local/containers/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/hosts/local/containers?pageSize=0", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/nowhere", HttpStatusCode.NotFound)]
    public async Task Request_ThatCannotBeMet_IsAProblem(string path, HttpStatusCode status)
    {
        using var answer = await portal.SendAsync(HttpMethod.Get, path, await portal.TokenAsync());

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Setup_AfterTheFirstRun_IsClosed()
    {
        using var answer = await portal.SendAsync(HttpMethod.Post, "/api/v1/setup", body: new { secret = "AAAAA", userName = "eve", password = "long enough" });

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
    }

    [Fact]
    public async Task OpenApi_WithASession_DescribesTheRoutes()
    {
        using var answer = await portal.SendAsync(HttpMethod.Get, "/openapi/v1.json", await portal.TokenAsync());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("paths").TryGetProperty("/api/v1/hosts/{host}/containers", out _));
    }

    private async Task DoAsync(HttpMethod method, string path, string token)
    {
        using var answer = await portal.SendAsync(method, path, token);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task<JsonNode?> ItemAsync(string token, string name)
    {
        using var answer = await portal.SendAsync(HttpMethod.Get, $"{Containers}?name={name}", token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!["items"]!.AsArray().SingleOrDefault();
    }

    /// <summary>The same token, issued at another time and signed with another key.</summary>
    private static string Sign(string real, byte[] key, DateTimeOffset issued)
    {
        var payload = JsonNode.Parse(Decode(real.Split('.')[1]))!;
        payload["iat"] = issued.ToUnixTimeSeconds();
        payload["nbf"] = issued.ToUnixTimeSeconds();
        payload["exp"] = issued.AddMinutes(10).ToUnixTimeSeconds();
        var signed = $"{real.Split('.')[0]}.{Encode(Encoding.UTF8.GetBytes(payload.ToJsonString()))}";
        return $"{signed}.{Encode(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static byte[] Decode(string text) => Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '='));
}
