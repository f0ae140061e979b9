using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Tests.Adapters.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Docker;

public sealed class DockerEndpointTests : IAsyncLifetime
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Container = $$$"""{"Id":"{{{Id}}}","Name":"/web","Config":{"Labels":{}},"HostConfig":{"NetworkMode":"bridge"},"Mounts":[]}""";

    private FakeEngineSocket _engine = null!;
    private PortalHost _portal = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngineSocket.StartAsync(AnswerAsync);
        _portal = new PortalHost { AgentSocket = _engine.Path };
    }

    public async ValueTask DisposeAsync()
    {
        await _portal.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Request_OfADeveloper_GoesToTheEngine_ByTheFullId()
    {
        var answer = await SendAsync(BuiltInRoles.Developer, "POST", "v1.51/containers/web/stop?t=1");

        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        Assert.Contains($"POST /v1.51/containers/{Id}/stop?t=1", _engine.Requests);
    }

    [Fact]
    public async Task Request_ThatIsRefused_NeverReachesTheEngine_AndIsWrittenDown()
    {
        var answer = await SendAsync(BuiltInRoles.Developer, "POST", "v1.51/containers/create", """{"Image":"busybox","HostConfig":{"Privileged":true}}""");

        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
        Assert.StartsWith("""{"message":""", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(_engine.Requests, request => request.Contains("create", StringComparison.Ordinal));
        Assert.Contains(await _portal.AuditAsync(), line => line.Operation == "Docker POST /containers/create" && line.Outcome == "docker.restricted");
    }

    [Fact]
    public async Task Request_OfAnAdministrator_GoesOnAsItCame()
    {
        var answer = await SendAsync(BuiltInRoles.Administrator, "POST", "v1.51/containers/create?name=x", """{"Image":"busybox","HostConfig":{"Privileged":true,"New":1}}""");

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Contains("POST /v1.51/containers/create?name=x", _engine.Requests);
    }

    [Theory]
    [InlineData("GET", "v1.51/Containers/json", HttpStatusCode.Forbidden)]
    [InlineData("GET", "v1.51/containers//json", HttpStatusCode.BadRequest)]
    [InlineData("GET", "v1.51/containers/%2e%2e%2fswarm/json", HttpStatusCode.BadRequest)]
    [InlineData("POST", "v1.51/swarm/init", HttpStatusCode.Forbidden)]
    [InlineData("GET", "control/v1/volumes/v/files", HttpStatusCode.Forbidden)]
    public async Task Request_ThatIsNotInTheCatalogue_IsRefusedToTheAdministratorToo(string method, string path, HttpStatusCode status)
    {
        var answer = await SendAsync(BuiltInRoles.Administrator, method, path);

        Assert.Equal(status, answer.Status);
        Assert.Empty(_engine.Requests);
    }

    /// <summary>In the form that Docker's clients read, whoever refuses it.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("Bearer prt_worOy3scQ6o8sdjAKWUUQX_IBcDuGU0RvWA3l95sPzM")]
    [InlineData("Bearer nonsense")]
    public async Task Request_WithoutATokenThatCounts_IsNobodys(string? authorization)
    {
        using var client = _portal.Client();
        if (authorization is not null)
        {
            client.DefaultRequestHeaders.Add("Authorization", authorization);
        }

        using var answer = await client.GetAsync("/api/v1/hosts/local/docker/_ping");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("Sign in first, or send a valid access token.", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("message").GetString());
    }

    [Fact]
    public async Task Host_ThatIsNotThere_IsSaidSo() => Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(BuiltInRoles.Administrator, "GET", "_ping", host: "other")).Status);

    /// <summary>Clients build by what the engine says it can; for people who are held back that is what can be looked into.</summary>
    [Fact]
    public async Task Ping_OffersBuildKitToTheUnrestrictedOnly()
    {
        Assert.Equal("1", (await SendAsync(BuiltInRoles.Developer, "HEAD", "_ping")).Builder);
        Assert.Equal("2", (await SendAsync(BuiltInRoles.Administrator, "HEAD", "_ping")).Builder);
    }

    [Fact]
    public async Task Created_IsWrittenDownAsTheCreators()
    {
        _ = await SendAsync(BuiltInRoles.Developer, "POST", "containers/create", """{"Image":"busybox"}""");

        var access = _portal.Services.GetRequiredService<IHostAccess>();
        Assert.NotEmpty(access.Owners(new HostId("local"), ResourceKind.Container, Id));
        _ = await SendAsync(BuiltInRoles.Developer, "DELETE", $"containers/{Id}");
        Assert.Empty(access.Owners(new HostId("local"), ResourceKind.Container, Id));
    }

    /// <summary>Names of volumes come back, for somebody else.</summary>
    [Theory]
    [InlineData("DELETE", "volumes/data")]
    [InlineData("POST", "volumes/prune")]
    public async Task Volume_ThatIsGone_IsNobodys(string method, string path)
    {
        var access = _portal.Services.GetRequiredService<IHostAccess>();
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(BuiltInRoles.Developer, "POST", "volumes/create", """{"Name":"data"}""")).Status);
        Assert.NotEmpty(access.Owners(new HostId("local"), ResourceKind.Volume, "data"));

        _ = await SendAsync(BuiltInRoles.Administrator, method, path);

        Assert.Empty(access.Owners(new HostId("local"), ResourceKind.Volume, "data"));
    }

    /// <summary>Answered as the engine did, and to the end: an answer that is not understood is broken off.</summary>
    [Theory]
    [InlineData("containers/prune", ResourceKind.Container, Id)]
    [InlineData("volumes/prune", ResourceKind.Volume, "data")]
    [InlineData("images/prune", ResourceKind.Image, "sha256:busybox")]
    public async Task Swept_IsNobodysAndAnsweredWhole(string path, ResourceKind kind, string gone)
    {
        var (host, access) = (new HostId("local"), _portal.Services.GetRequiredService<IHostAccess>());
        await access.OwnAsync(host, kind, gone, ImmutableHashSet.Create(new Subject(SubjectKind.User, "somebody")), TestContext.Current.CancellationToken);

        var answer = await SendAsync(BuiltInRoles.Administrator, "POST", path);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.EndsWith("""SpaceReclaimed":0}""", answer.Body, StringComparison.Ordinal);
        Assert.Empty(access.Owners(host, kind, gone));
        Assert.Contains(await _portal.AuditAsync(), line => line.Operation == "Docker POST /" + path && line.Outcome == "ok");
    }

    [Theory]
    [InlineData("busybox", true)]
    [InlineData("secret", false)]
    public async Task Pulled_IsTheirsWhoCouldPullIt(string image, bool owned)
    {
        var answer = await SendAsync(BuiltInRoles.Developer, "POST", $"images/create?fromImage={image}&tag=latest");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(owned, !_portal.Services.GetRequiredService<IHostAccess>().Owners(new HostId("local"), ResourceKind.Image, "sha256:" + image).IsEmpty);
    }

    [Fact]
    public async Task Command_OfSomebodyElse_IsNotThere()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(BuiltInRoles.Developer, "GET", "exec/e1/json")).Status);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(BuiltInRoles.Developer, "POST", "containers/web/exec", """{"Cmd":["sh"]}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(BuiltInRoles.Developer, "GET", "exec/e1/json")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(BuiltInRoles.Operator, "GET", "exec/e1/json")).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(BuiltInRoles.Administrator, "GET", "exec/e1/json")).Status);
    }

    [Fact]
    public async Task Lines_OfTheEngine_ComeAsTheyCome()
    {
        var answer = await SendAsync(BuiltInRoles.Viewer, "GET", "events?since=0");

        Assert.Equal("{\"Type\":\"container\",\"Actor\":{\"ID\":\"a\"}}\n{\"Type\":\"daemon\",\"Actor\":{\"ID\":\"b\"}}\n", answer.Body);
    }

    [Fact]
    public async Task Error_OfTheEngine_IsHandedThrough()
    {
        var answer = await SendAsync(BuiltInRoles.Viewer, "GET", "containers/nothing/json");

        Assert.Equal((HttpStatusCode.NotFound, """{"message":"No such container: nothing"}"""), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task Engine_ThatDoesNotAnswer_IsSaidToBeDown()
    {
        await _engine.StopAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SendAsync(BuiltInRoles.Administrator, "GET", "info")).Status);
    }

    private async Task<(HttpStatusCode Status, string Body, string? Builder)> SendAsync(Role role, string method, string path, string? json = null, string host = "local")
    {
        using var client = await _portal.SignedInAsync(role);
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri($"https://localhost/api/v1/hosts/{host}/docker/{path}"));
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), answer.Headers.TryGetValues("Builder-Version", out var builder) ? builder.Single() : null);
    }

    private static Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        path = path.StartsWith("/v1.51", StringComparison.Ordinal) ? path[6..] : path;
        var (status, body) = (context.Request.Method, path) switch
        {
            (_, "/_ping") => (200, ""),
            ("POST", "/containers/create") => (201, $$"""{"Id":"{{Id}}","Warnings":[]}"""),
            ("POST", "/containers/" + Id + "/exec") => (201, """{"Id":"e1"}"""),
            ("POST", "/containers/" + Id + "/stop") or ("DELETE", _) => (204, ""),
            ("GET", "/containers/web/json" or "/containers/" + Id + "/json") => (200, Container),
            ("GET", "/exec/e1/json") => (200, $$"""{"ID":"e1","ContainerID":"{{Id}}"}"""),
            ("POST", "/volumes/create") => (201, """{"Name":"data"}"""),
            ("POST", "/containers/prune") => (200, $$"""{"ContainersDeleted":["{{Id}}"],"SpaceReclaimed":0}"""),
            ("POST", "/images/prune") => (200, """{"ImagesDeleted":[{"Untagged":"busybox:latest"},{"Deleted":"sha256:busybox"}],"SpaceReclaimed":0}"""),
            ("POST", "/volumes/prune") => (200, """{"VolumesDeleted":["data"],"SpaceReclaimed":0}"""),
            ("GET", "/events") => (200, "{\"Type\":\"container\",\"Actor\":{\"ID\":\"a\"}}\n{\"Type\":\"daemon\",\"Actor\":{\"ID\":\"b\"}}\n"),
            ("POST", "/images/create") when context.Request.Query["fromImage"] == "secret" => (200, "{\"status\":\"Pulling\"}\n{\"error\":\"denied\",\"errorDetail\":{\"message\":\"denied\"}}\n"),
            ("POST", "/images/create") => (200, "{\"status\":\"Pulling\"}\r\n{\"status\":\"Done\"}"),
            ("GET", "/images/secret:latest/json") => (200, """{"Id":"sha256:secret"}"""),
            ("GET", "/images/busybox:latest/json" or "/images/busybox/json") => (200, """{"Id":"sha256:busybox"}"""),
            _ => (404, $$"""{"message":"No such container: {{path.Split('/')[^2]}}"}"""),
        };
        context.Response.StatusCode = status;
        context.Response.Headers["Builder-Version"] = "2";
        context.Response.ContentType = "application/json";
        return body.Length > 0 ? context.Response.WriteAsync(body) : Task.CompletedTask;
    }
}
