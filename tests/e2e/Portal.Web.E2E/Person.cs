using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Web.E2E;

/// <summary>Somebody with an account, an API token, and Docker clients that use it.</summary>
public sealed class Person
{
    private readonly PortalProcess _portal;

    private Person(PortalProcess portal, string name, string id, string token, string tokenId) => (_portal, Name, Id, Token, TokenId) = (portal, name, id, token, tokenId);

    public string Name { get; }

    public string Id { get; }

    public string Token { get; }

    public string TokenId { get; }

    /// <summary>What <c>DOCKER_HOST</c> is for the docker command.</summary>
    public string Host => "tcp://" + new Uri(_portal.Address).Authority + "/api/v1/hosts/local/docker";

    /// <summary>Makes an account with roles, and a token of it.</summary>
    public static async Task<Person> MakeAsync(PortalProcess portal, params (string Role, string Scope)[] grants)
    {
        var name = "p" + Guid.NewGuid().ToString("N")[..8];
        var admin = await portal.TokenAsync();
        var id = (await AskAsync(portal, HttpMethod.Post, "/users", admin, new { name, password = PortalProcess.Password })).GetProperty("id").GetString()!;
        foreach (var (role, scope) in grants)
        {
            await AskAsync(portal, HttpMethod.Post, "/grants", admin, new { subjectKind = "user", subjectId = id, role, scope });
        }

        var issued = await AskAsync(portal, HttpMethod.Post, "/me/tokens", await SignInAsync(portal, name), new { name = "docker", days = 1 });
        return new(portal, name, id, issued.GetProperty("secret").GetString()!, issued.GetProperty("token").GetProperty("id").GetString()!);
    }

    /// <summary>One who may do everything with what is theirs, and use the one image there is.</summary>
    public static async Task<Person> DeveloperAsync(PortalProcess portal)
    {
        var image = (await portal.Docker.RunAsync("image", "inspect", "--format", "{{.Id}}", "busybox")).Succeeded().Line;
        return await MakeAsync(portal, ("Developer", "own@host:local"), ("Viewer", $"resource:image:{image}@host:local"));
    }

    /// <summary>The docker command.</summary>
    /// <param name="program">Which; null for the usual one.</param>
    /// <param name="token">By which token; null for the person's own.</param>
    public DockerCli Docker(string? program = null, string? token = null) =>
        new DockerCli("", Folder(token ?? Token), program).With("DOCKER_HOST", Host).With("DOCKER_TLS_VERIFY", "1").With("DOCKER_CERT_PATH", Folder(token ?? Token)).With("DOCKER_BUILDKIT", "0");

    /// <summary>docker-compose 1.29, which has an https address of its own, and takes an authority from Python's library.</summary>
    public Task<CliResult> ComposeAsync(string folder, params string[] arguments) => ChildProcess.RunAsync(
        "docker-compose", ["--ansi", "never", "--file", Path.Combine(folder, "docker-compose.yml"), .. arguments], new Dictionary<string, string>
        {
            ["DOCKER_HOST"] = Host.Replace("tcp://", "https://", StringComparison.Ordinal),
            ["DOCKER_CONFIG"] = Folder(Token),
            ["REQUESTS_CA_BUNDLE"] = _portal.Certificate,
            ["COMPOSE_DOCKER_CLI_BUILD"] = "0",
            ["COMPOSE_INTERACTIVE_NO_CLI"] = "1",
        });

    /// <summary>An access token of a sign-in by name and password.</summary>
    public Task<string> SignInAsync() => SignInAsync(_portal, Name);

    /// <summary>Calls the REST API.</summary>
    public static async Task<JsonElement> AskAsync(PortalProcess portal, HttpMethod method, string path, string token, object? body = null, string? match = null)
    {
        using var request = new HttpRequestMessage(method, "/api/v1" + path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new("Bearer", token);
        if (match is not null) request.Headers.TryAddWithoutValidation("If-Match", match);
        using var answer = await portal.Web.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return answer.StatusCode == HttpStatusCode.NoContent ? default : await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<string> SignInAsync(PortalProcess portal, string name) =>
        (await AskAsync(portal, HttpMethod.Post, "/auth/token", "", new { userName = name, password = PortalProcess.Password })).GetProperty("accessToken").GetString()!;

    /// <summary>The folder that <c>DOCKER_CONFIG</c> and <c>DOCKER_CERT_PATH</c> name: the token and the authority, as the README says.</summary>
    private string Folder(string token)
    {
        var folder = Path.Combine(_portal.Root, "people", $"{Name}-{(token == Token ? "token" : "session")}");
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new { HttpHeaders = new { Authorization = "Bearer " + token } }));
            File.Copy(_portal.Certificate, Path.Combine(folder, "ca.pem"));
        }

        return folder;
    }
}
