using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Docker;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Adapters.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;

namespace Portal.Api.Tests.Docker;

/// <summary>A team of one, with a developer's grant, on an engine that keeps what is made.</summary>
public sealed class TeamQuotaTests : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, JsonNode> _containers = new();
    private readonly ConcurrentDictionary<string, bool> _volumes = new();
    private int _made;

    private FakeEngineSocket _engine = null!;
    private PortalHost _portal = null!;
    private HttpClient _admin = null!, _member = null!;
    private string _team = "";

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngineSocket.StartAsync(AnswerAsync);
        _portal = new PortalHost { AgentSocket = _engine.Path };
        _admin = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        _team = (await _admin.CallAsync("POST", "/teams", new { name = "web" })).Id;
        var member = (await _admin.CallAsync("POST", "/users", new { name = "mia", password = PortalHost.Password })).Id;
        await _admin.CallAsync("PUT", $"/teams/{_team}/members/{member}");
        Assert.Equal(HttpStatusCode.Created, (await _admin.CallAsync("POST", "/grants", new { subjectKind = "team", subjectId = _team, role = "Developer", scope = "own@host:local" })).Status);
        Assert.Equal(HttpStatusCode.Created, (await _admin.CallAsync("POST", "/grants", new { subjectKind = "team", subjectId = _team, role = "Viewer", scope = "resource:image:sha256:busybox@host:local" })).Status);
        _member = _portal.With(await _portal.TokenAsync("mia"));
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        _member.Dispose();
        await _portal.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Create_BeyondTheQuota_IsRefusedInAWordAndWrittenDown()
    {
        await LimitAsync(new { containers = 1 });
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync("{}")).Status);

        var (status, text) = await CreateAsync("{}");

        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("team web: 1 of 1 containers", text, StringComparison.Ordinal);
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "Docker POST /containers/create", Outcome: "quota.exceeded" });
    }

    /// <summary>However many ask at once, each counts those before it.</summary>
    [Fact]
    public async Task Creates_ManyAtOnce_DoNotExceedIt()
    {
        await LimitAsync(new { containers = 3, memoryBytes = 1L << 20 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => CreateAsync("""{"Memory":400000}""")));

        Assert.Equal(2, answers.Count(answer => answer.Status == HttpStatusCode.Created));
        Assert.Equal(2, _containers.Count);
    }

    [Fact]
    public async Task Removed_IsFreeAgain()
    {
        await LimitAsync(new { containers = 1 });
        var id = JsonNode.Parse((await CreateAsync("{}")).Text)!["Id"]!.GetValue<string>();
        Assert.Equal(HttpStatusCode.Forbidden, (await CreateAsync("{}")).Status);

        // By a way past the portal, too.
        _containers.TryRemove(id, out _);

        Assert.Equal(HttpStatusCode.Created, (await CreateAsync("{}")).Status);
    }

    [Fact]
    public async Task Create_ThatTheEngineRefuses_HoldsNobodyUp()
    {
        await LimitAsync(new { containers = 1 });

        Assert.Equal(HttpStatusCode.Conflict, (await CreateAsync("{}", "taken")).Status);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync("{}")).Status);
    }

    [Fact]
    public async Task Container_WithoutALimit_IsToldToHaveOne()
    {
        await LimitAsync(new { cpus = 1.5 });

        Assert.Contains("--cpus", (await CreateAsync("{}")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync("""{"NanoCpus":1500000000}""")).Status);
    }

    [Fact]
    public async Task Update_AndStart_AreHeldToIt()
    {
        await LimitAsync(new { memoryBytes = 1000 });
        var id = JsonNode.Parse((await CreateAsync("""{"Memory":1000}""")).Text)!["Id"]!.GetValue<string>();

        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("POST", $"containers/{id}/update", """{"Memory":1001}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync("POST", $"containers/{id}/update", """{"Memory":900}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync("POST", $"containers/{id}/start", null)).Status);
        await LimitAsync(new { memoryBytes = 10 });
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("POST", $"containers/{id}/start", null)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("POST", $"containers/{id}/restart", null)).Status);
    }

    [Fact]
    public async Task Volumes_OfItsOwnAndWithoutAName_Count()
    {
        await LimitAsync(new { volumes = 2 });

        Assert.Equal(HttpStatusCode.Created, (await SendAsync("POST", "volumes/create", """{"Name":"a"}""")).Status);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync("""{"Mounts":[{"Type":"volume","Target":"/x"}]}""")).Status);
        Assert.Contains("2 of 2 volumes", (await SendAsync("POST", "volumes/create", """{"Name":"b"}""")).Text, StringComparison.Ordinal);
        Assert.Contains("2 of 2 volumes", (await CreateAsync("""{"Binds":["b:/b"]}""")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync("""{"Binds":["a:/a"]}""")).Status);
    }

    [Fact]
    public async Task Usage_SaysWhatIsTakenAndOfHowMuch()
    {
        await LimitAsync(new { containers = 5, cpus = 2.5 });
        await CreateAsync("""{"Memory":1000,"NanoCpus":500000000}""");

        var usage = await _admin.CallAsync("GET", $"/teams/{_team}/usage");

        Assert.Equal(HttpStatusCode.OK, usage.Status);
        Assert.Equal((5, 2.5), (usage.Body.GetProperty("quota").GetProperty("containers").GetInt32(), usage.Body.GetProperty("quota").GetProperty("cpus").GetDouble()));
        var host = usage.Body.GetProperty("hosts")[0];
        Assert.Equal(("local", 1, 1000, 0.5), (host.GetProperty("host").GetString(), host.GetProperty("containers").GetInt32(), host.GetProperty("memoryBytes").GetInt64(), host.GetProperty("cpus").GetDouble()));
    }

    [Fact]
    public async Task Usage_OfAnEngineThatIsDown_SaysSo()
    {
        await CreateAsync("{}");
        await _engine.StopAsync();

        var usage = await _admin.CallAsync("GET", $"/teams/{_team}/usage");

        Assert.Equal(HttpStatusCode.OK, usage.Status);
        Assert.Contains("does not answer", usage.Body.GetProperty("hosts")[0].GetProperty("problem").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quota_IsKeptWhenItIsLeftOut_AndPartOfTheTeamsVersion()
    {
        var before = await _admin.CallAsync("GET", $"/teams/{_team}");
        await LimitAsync(new { containers = 7 });
        var now = await _admin.CallAsync("GET", $"/teams/{_team}");
        Assert.NotEqual(before.ETag, now.ETag);

        var renamed = await _admin.CallAsync("PUT", $"/teams/{_team}", new { name = "shop", members = Array.Empty<string>() }, now.ETag);

        Assert.Equal((HttpStatusCode.OK, 7), (renamed.Status, renamed.Body.GetProperty("quota").GetProperty("containers").GetInt32()));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await _admin.CallAsync("PUT", $"/teams/{_team}", new { name = "x", members = Array.Empty<string>() }, before.ETag)).Status);
        Assert.Contains(await _portal.AuditAsync(), line => line.Operation == "UpdateTeam" && line.After.Contains("7 containers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Quota_BelowNothing_IsInvalid()
    {
        var team = await _admin.CallAsync("GET", $"/teams/{_team}");

        Assert.Equal(HttpStatusCode.BadRequest, (await _admin.CallAsync("PUT", $"/teams/{_team}", new { name = "web", members = Array.Empty<string>(), quota = new { containers = -1 } }, team.ETag)).Status);
    }

    [Fact]
    public void Streams_BeyondTheMost_AreRefusedUntilOneEnds()
    {
        var streams = _portal.Services.GetRequiredService<DockerStreams>();
        var (ann, bob) = (new Actor("ann", "Ann", []), new Actor("bob", "Bob", []));
        var held = Enumerable.Range(0, DockerStreams.MostPerUser).Select(_ => streams.Enter(ann).Value!).ToArray();

        Assert.Equal("docker.streams", streams.Enter(ann).Error?.Code);
        Assert.Null(streams.Enter(bob).Error);
        held[0].Dispose();
        held[0].Dispose();
        Assert.Null(streams.Enter(ann).Error);
        Assert.NotNull(streams.Enter(ann).Error);
    }

    [Fact]
    public void Streams_BeyondTheMostOfAll_AreRefusedToEverybody()
    {
        var streams = new DockerStreams();
        for (var number = 0; number < DockerStreams.Most; number++)
        {
            Assert.Null(streams.Enter(new($"u{number}", "U", [])).Error);
        }

        Assert.Equal("docker.streams", streams.Enter(new("new", "New", [])).Error?.Code);
    }

    private async Task LimitAsync(object quota)
    {
        var team = await _admin.CallAsync("GET", $"/teams/{_team}");
        var members = team.Body.GetProperty("members").Deserialize<string[]>();
        Assert.Equal(HttpStatusCode.OK, (await _admin.CallAsync("PUT", $"/teams/{_team}", new { name = team.Text("name"), members, quota }, team.ETag)).Status);
    }

    private Task<(HttpStatusCode Status, string Text)> CreateAsync(string host, string? name = null) =>
        SendAsync("POST", "containers/create" + (name is null ? "" : $"?name={name}"), $$"""{"Image":"busybox","HostConfig":{{host}}}""");

    private async Task<(HttpStatusCode Status, string Text)> SendAsync(string method, string path, string? json)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri($"https://localhost/api/v1/hosts/local/docker/v1.51/{path}"));
        request.Content = json is null ? null : new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await _member.SendAsync(request, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.Replace("/v1.51", "", StringComparison.Ordinal).Trim('/');
        var parts = path.Split('/');
        var body = context.Request.ContentLength > 0 ? await context.Request.ReadFromJsonAsync<JsonNode>() : null;
        var (status, answer) = (context.Request.Method, path) switch
        {
            ("POST", "containers/create") when context.Request.Query["name"] == "taken" => (409, """{"message":"taken"}"""),
            ("POST", "containers/create") => (201, Make(body!["HostConfig"]!)),
            ("GET", "containers/json") => (200, new JsonArray([.. _containers.Select(pair => new JsonObject { ["Id"] = pair.Key, ["Mounts"] = Mounts(pair.Value) })]).ToJsonString()),
            ("GET", _) when parts is ["containers", var id, "json"] && _containers.TryGetValue(id, out var host) =>
                (200, new JsonObject { ["Id"] = id, ["Config"] = new JsonObject(), ["HostConfig"] = host.DeepClone(), ["Mounts"] = Mounts(host) }.ToJsonString()),
            ("POST", _) when parts is ["containers", var id, "update"] => (200, Change(id, body!)),
            ("POST", _) when parts is ["containers", _, "start" or "restart"] => (204, ""),
            ("POST", "volumes/create") => (201, Volume(body!["Name"]!.GetValue<string>(), false)),
            ("GET", "volumes") => (200, new JsonObject
            {
                ["Volumes"] = new JsonArray([.. _volumes.Select(volume => new JsonObject
                {
                    ["Name"] = volume.Key, ["Labels"] = volume.Value ? new JsonObject { ["com.docker.volume.anonymous"] = "" } : null,
                })]),
            }.ToJsonString()),
            ("GET", _) when parts is ["volumes", var name] && _volumes.ContainsKey(name) => (200, $$"""{"Name":"{{name}}","Driver":"local"}"""),
            ("GET", "images/busybox/json") => (200, """{"Id":"sha256:busybox"}"""),
            _ => (404, """{"message":"no such thing"}"""),
        };
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer);
    }

    private string Make(JsonNode host)
    {
        var id = Interlocked.Increment(ref _made).ToString("x64", System.Globalization.CultureInfo.InvariantCulture);
        if (host["Mounts"] is not null)
        {
            Volume("v" + id, true);
            host["Nameless"] = "v" + id;
        }

        _containers[id] = host.DeepClone();
        return $$"""{"Id":"{{id}}","Warnings":[]}""";
    }

    private static JsonArray Mounts(JsonNode host) => host["Nameless"] is { } name ? [new JsonObject { ["Type"] = "volume", ["Name"] = name.GetValue<string>(), ["Destination"] = "/x" }] : [];

    private string Change(string id, JsonNode change)
    {
        _containers[id]["Memory"] = change["Memory"]!.GetValue<long>();
        return """{"Warnings":[]}""";
    }

    private string Volume(string name, bool nameless)
    {
        _volumes[name] = nameless;
        return $$"""{"Name":"{{name}}","Driver":"local"}""";
    }
}
