using System.Net;
using System.Text;
using System.Text.Json;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Docker;
using Portal.Domain.Access;
using Portal.Domain.Containers;

namespace Portal.Api.Tests.Containers;

/// <summary>Making and changing containers.</summary>
public sealed class ContainerChangeTests : IAsyncLifetime
{
    private const string Containers = "/hosts/local/containers";

    private readonly EngineWorld _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Created_IsOwnedBeforeAnybodyIsTold_AndForgottenWhenItIsGone()
    {
        var developer = await _world.ClientAsync(BuiltInRoles.Developer, "own@host:local");

        var made = await developer.CallAsync("POST", Containers, new { image = "busybox", name = "web", start = true });

        // No image is one's own yet: it is not there for them.
        Assert.Equal(HttpStatusCode.NotFound, made.Status);
        await _world.Access.OwnAsync(FakeEngine.Local, ResourceKind.Image, "sha256:b", new HashSet<Subject> { new(SubjectKind.User, (await developer.CallAsync("GET", "/me")).Id) }, default);
        made = await developer.CallAsync("POST", Containers, new { image = "busybox", name = "web", start = true });

        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.Equal(["careful"], made.Body.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()));
        Assert.Equal(JsonValueKind.Null, made.Body.GetProperty("startProblem").ValueKind);
        Assert.NotEmpty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Container, made.Id));
        Assert.Contains($"POST /containers/{made.Id}/start", _world.Requests);
        Assert.Equal(HttpStatusCode.OK, (await developer.CallAsync("GET", $"{Containers}/{made.Id}")).Status);

        Assert.Equal(HttpStatusCode.NoContent, (await developer.CallAsync("DELETE", $"{Containers}/web?force=true")).Status);

        Assert.Empty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Container, made.Id));
        Assert.Equal(["begun", "ok"], (await _world.Portal.AuditAsync()).Where(line => line.Operation == "RemoveContainer").Select(line => line.Outcome));
    }

    [Fact]
    public async Task Container_OfSomebodyElse_IsNotThere()
    {
        var id = _world.Add("theirs");
        var developer = await _world.ClientAsync(BuiltInRoles.Developer, "own@host:local");
        foreach (var (method, path, body) in new (string, string, object?)[]
            {
                ("GET", "", null), ("GET", "/processes", null), ("GET", "/changes", null), ("GET", "/archive?path=/", null), ("PUT", "/archive?path=/", null), ("POST", "/start", null), ("POST", "/pause", null),
                ("POST", "/unpause", null), ("POST", "/rename", new { name = "mine" }), ("PATCH", "", new { restartPolicy = "always" }), ("DELETE", "", null),
            })
        {
            var answer = await developer.CallAsync(method, $"{Containers}/{id}{path}", body, "*");
            Assert.True(answer is { Status: HttpStatusCode.NotFound, Code: "container.unknown" }, $"{method} {path} {answer.Status} {answer.Body}");
        }

        Assert.DoesNotContain(_world.Requests, request => request.Contains(id, StringComparison.Ordinal));
        Assert.Contains(await _world.Portal.AuditAsync(), line => line is { Operation: "PauseContainer", Outcome: "container.unknown" });
    }

    [Fact]
    public async Task Create_SentTwice_MakesOne()
    {
        var operators = await _world.ClientAsync(BuiltInRoles.Operator);
        var body = new { image = "busybox", name = "once" };

        var first = await operators.CallAsync("POST", Containers, body, key: "k");
        var second = await operators.CallAsync("POST", Containers, body, key: "k");

        Assert.Equal((HttpStatusCode.Created, first.Body.ToString()), (second.Status, second.Body.ToString()));
        Assert.Equal("idempotency.other", (await operators.CallAsync("POST", Containers, new { image = "busybox", name = "other" }, key: "k")).Code);
        var conflict = await operators.CallAsync("POST", Containers, body);
        Assert.Equal((HttpStatusCode.Conflict, "engine.conflict"), (conflict.Status, conflict.Code));
    }

    [Fact]
    public async Task Create_ThatDoesNotStart_IsMadeAndSaysWhy()
    {
        var root = await _world.ClientAsync(BuiltInRoles.Administrator);
        _world.BeforeAnswer = () =>
        {
            if (_world.Requests[^1].StartsWith("POST /containers/create", StringComparison.Ordinal))
            {
                foreach (var container in _world.Portal.Engine.ListAsync(FakeEngine.Local, null, default).Result)
                {
                    _world.Answer($"POST /containers/{container.Id}/start", 500, """{"message":"port is taken"}""");
                }
            }
        };

        var made = await root.CallAsync("POST", Containers, new { image = "busybox", start = true });

        Assert.Equal((HttpStatusCode.Created, "port is taken"), (made.Status, made.Text("startProblem")));
    }

    [Theory]
    [InlineData("""{}""", "Image")]
    [InlineData("""{"image":""}""", "Image")]
    [InlineData("""{"image":"b","name":"-"}""", "Name")]
    [InlineData("""{"image":"b","restartPolicy":"sometimes"}""", "RestartPolicy")]
    [InlineData("""{"image":"b","ports":[{"containerPort":0}]}""", "Ports[0].ContainerPort")]
    [InlineData("""{"image":"b","ports":[{"containerPort":80,"protocol":"icmp"}]}""", "Ports[0].Protocol")]
    [InlineData("""{"image":"b","mounts":[{"type":"bind"}]}""", "Mounts[0].Target")]
    [InlineData("""{"image":"b","mounts":[null]}""", "Mounts")]
    [InlineData("""{"image":"b","command":["a",null]}""", "Command")]
    [InlineData("""{"image":"b","labels":{"a":null}}""", "Labels")]
    [InlineData("""{"image":"b","deviceRequests":[{"capabilities":[[null]]}]}""", "DeviceRequests[0].Capabilities")]
    [InlineData("""{"image":"b","resources":{"memoryBytes":-5}}""", "Resources.MemoryBytes")]
    [InlineData("""{"image":"b","resources":{"pidsLimit":-2}}""", "Resources.PidsLimit")]
    [InlineData("""{"image":"b","oomScoreAdjustment":1001}""", "OomScoreAdjustment")]
    public async Task Body_WithAValueThatCannotBe_NamesTheMember(string json, string member)
    {
        var answer = await PostAsync(json);

        Assert.Equal((HttpStatusCode.BadRequest, "request.invalid"), (answer.Status, answer.Code));
        Assert.Contains(answer.Body.GetProperty("errors").EnumerateObject(), error => error.Name.Equals(member, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(_world.Requests, request => request.Contains("create", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"image":"b","hostConfig":{"privileged":true}}""", "hostConfig")]
    [InlineData("""{"image":"b","ownerId":"me"}""", "ownerId")]
    [InlineData("""{"image":"b","mounts":[{"target":"/x","clusterOptions":{}}]}""", "clusterOptions")]
    [InlineData("""{"image":"b","resources":{"cpuCount":1}}""", "cpuCount")]
    [InlineData("""{"image":"b","tty":"yes"}""", "tty")]
    [InlineData("""{"image":"b","mounts":[{"type":"npipe","target":"/x"}]}""", "type")]
    public async Task Body_WithWhatIsNotKnown_IsRefusedByName(string json, string member)
    {
        var answer = await PostAsync(json);

        Assert.Equal((HttpStatusCode.BadRequest, "request.invalid"), (answer.Status, answer.Code));
        Assert.Contains(member, answer.Text("title"), StringComparison.Ordinal);
        Assert.DoesNotContain("Portal.Api", answer.Text("title"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"image":"b","networks":[{"network":"a"},{"network":"a"}]}""", "container.network")]
    [InlineData("""{"image":"busybox","mounts":[{"type":"tmpfs","target":"/x","driver":"local"}]}""", "container.mount")]
    public async Task Body_ThatContradictsItself_IsRefused(string json, string code)
    {
        var developer = await _world.ClientAsync(BuiltInRoles.Developer);

        var answer = await SendAsync(developer, json);

        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Body_OfACreate_SaysToTheEngineWhatWasSaid()
    {
        var answer = await PostAsync("""
            {"image":"b","name":"nn","platform":"linux/arm64","command":["a","b"],"entrypoint":["e"],"environment":["A=1"],"labels":{"l":"1"},"hostname":"h","user":"u","workingDirectory":"/w",
            "tty":true,"ports":[{"containerPort":80,"hostPort":8080},{"containerPort":80,"hostAddress":"::1"}],"exposedPorts":["90/udp"],
            "mounts":[{"source":"v","target":"/v","noCopy":true,"subpath":"s"},{"type":"tmpfs","target":"/t","sizeBytes":5,"mode":"0700"},{"type":"image","source":"i","target":"/i","subpath":"p"}],
            "networks":[{"network":"x","aliases":["y"],"ipv4Address":"10.0.0.9","macAddress":"02:00:00:00:00:01"},{"network":"z"}],"restartPolicy":"on-failure:3",
            "resources":{"memoryBytes":7,"memoryReservationBytes":6,"cpus":1.5,"pidsLimit":9},"healthCheck":{"test":["CMD","true"],"intervalSeconds":1.5,"retries":2},
            "log":{"driver":"none"},"stopSignal":"SIGINT","stopTimeoutSeconds":3,"init":false,"readOnly":true,"processLimits":[{"name":"core","soft":0,"hard":0}]}
            """);

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Contains("POST /containers/create?name=nn&platform=linux/arm64", _world.Requests);
        using var sent = JsonDocument.Parse(_world.Body);
        var (body, host) = (sent.RootElement, sent.RootElement.GetProperty("HostConfig"));
        Assert.Equal("""["a","b"]["e"]["A=1"]{"l":"1"}""", $"{body.GetProperty("Cmd")}{body.GetProperty("Entrypoint")}{body.GetProperty("Env")}{body.GetProperty("Labels")}");
        Assert.Equal("""{"90/udp":{},"80/tcp":{}}""", body.GetProperty("ExposedPorts").ToString());
        Assert.Equal("""{"80/tcp":[{"HostIp":"","HostPort":"8080"},{"HostIp":"::1","HostPort":""}]}""", host.GetProperty("PortBindings").ToString());
        Assert.Equal(
            """[{"Type":"volume","Source":"v","Target":"/v","VolumeOptions":{"NoCopy":true,"Subpath":"s"}},{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":5,"Mode":448}},{"Type":"image","Source":"i","Target":"/i","ImageOptions":{"Subpath":"p"}}]""",
            host.GetProperty("Mounts").ToString());
        Assert.Equal(("x", 3, 1_500_000_000L, 9), (
            host.GetProperty("NetworkMode").GetString(), host.GetProperty("RestartPolicy").GetProperty("MaximumRetryCount").GetInt32(), host.GetProperty("NanoCpus").GetInt64(), host.GetProperty("PidsLimit").GetInt32()));
        Assert.Equal("10.0.0.9", body.GetProperty("NetworkingConfig").GetProperty("EndpointsConfig").GetProperty("x").GetProperty("IPAMConfig").GetProperty("IPv4Address").GetString());
        Assert.Equal((1_500_000_000L, "SIGINT", 3), (body.GetProperty("Healthcheck").GetProperty("Interval").GetInt64(), body.GetProperty("StopSignal").GetString(), body.GetProperty("StopTimeout").GetInt32()));

        // What nobody said is left to the engine: an empty list of masked paths would mask nothing.
        Assert.False(host.TryGetProperty("MaskedPaths", out _) || host.TryGetProperty("OomKillDisable", out _));
        Assert.False(host.GetProperty("Init").GetBoolean());
    }

    [Fact]
    public async Task Update_OfAnOlderVersion_ChangesNothing()
    {
        var id = _world.Add("web");
        var operators = await _world.ClientAsync(BuiltInRoles.Operator);
        var read = await operators.CallAsync("GET", $"{Containers}/web");
        var change = new { resources = new { memoryBytes = 1000 }, restartPolicy = "always" };

        Assert.Equal((HttpStatusCode)428, (await operators.CallAsync("PATCH", $"{Containers}/web", change)).Status);
        var changed = await operators.CallAsync("PATCH", $"{Containers}/web", change, read.ETag);

        Assert.Equal((HttpStatusCode.OK, 1000, "always"), (changed.Status, changed.Body.GetProperty("resources").GetProperty("memoryBytes").GetInt32(), changed.Text("restartPolicy")));
        Assert.NotEqual(read.ETag, changed.ETag);
        var stale = await operators.CallAsync("PATCH", $"{Containers}/web", change, read.ETag);
        Assert.Equal((HttpStatusCode.PreconditionFailed, "request.stale"), (stale.Status, stale.Code));
        Assert.Equal(changed.ETag, (await operators.CallAsync("GET", $"{Containers}/web")).ETag);
        Assert.Equal(HttpStatusCode.OK, (await operators.CallAsync("PATCH", $"{Containers}/web", new { restartPolicy = "no" }, changed.ETag)).Status);
        Assert.Equal(2, _world.Requests.Count(request => request == $"POST /containers/{id}/update"));
        Assert.Contains("\"Name\":\"no\"", _world.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_IsPausedRenamedLookedIntoAndSweptAway()
    {
        var id = _world.Add("web");
        var operators = await _world.ClientAsync(BuiltInRoles.Operator);

        Assert.Equal(HttpStatusCode.NoContent, (await operators.CallAsync("POST", $"{Containers}/web/pause")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await operators.CallAsync("POST", $"{Containers}/web/unpause")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await operators.CallAsync("POST", $"{Containers}/web/rename", new { name = "new" })).Status);
        Assert.Equal("sh", (await operators.CallAsync("GET", $"{Containers}/web/processes")).Body.GetProperty("processes")[0][1].GetString());
        var changes = (await operators.CallAsync("GET", $"{Containers}/web/changes?pageSize=2")).Body;
        Assert.Equal((3, "/a", "modified"), (changes.GetProperty("total").GetInt32(), changes.GetProperty("items")[0].GetProperty("path").GetString(), changes.GetProperty("items")[0].GetProperty("kind").GetString()));
        using var archive = await operators.GetAsync($"/api/v1{Containers}/web/archive?path=/etc");
        Assert.Equal(("an archive", "attachment", "application/x-tar"), (
            await archive.Content.ReadAsStringAsync(), archive.Content.Headers.ContentDisposition?.DispositionType, archive.Content.Headers.ContentType?.MediaType));
        using var body = new ByteArrayContent(new byte[3 << 20]);
        using var put = await operators.PutAsync($"/api/v1{Containers}/web/archive?path=/etc", body);
        Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        foreach (var request in (string[])["pause", "unpause", "rename?name=new", "top", "changes", "archive?path=/etc", "archive?path=/etc&noOverwriteDirNonDir=1"])
        {
            Assert.Contains(_world.Requests, sent => sent.EndsWith($"/containers/{id}/{request}", StringComparison.Ordinal));
        }

        Assert.Equal(3 << 20, _world.Body.Length);
    }

    [Fact]
    public async Task Swept_ContainersAreNobodysAnyMore_AndOnlyWhoMayDoItToAllMay()
    {
        var id = _world.Add("old", state: ContainerState.Exited);
        _ = _world.Add("web");
        await _world.Access.OwnAsync(FakeEngine.Local, ResourceKind.Container, id, new HashSet<Subject> { new(SubjectKind.User, "x") }, default);

        Assert.Equal("access.denied", (await (await _world.ClientAsync(BuiltInRoles.Developer)).CallAsync("POST", $"{Containers}/prune")).Code);
        var swept = await (await _world.ClientAsync(BuiltInRoles.Operator)).CallAsync("POST", $"{Containers}/prune?until=24h&label=a=b");

        Assert.Equal((id, 5), (Assert.Single(swept.Body.GetProperty("deleted").EnumerateArray()).GetString(), swept.Body.GetProperty("spaceReclaimedBytes").GetInt32()));
        Assert.Contains("""POST /containers/prune?filters={"until":["24h"],"label":["a=b"]}""", _world.Requests);
        Assert.Empty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Container, id));
    }

    [Fact]
    public async Task Engine_ThatIsDown_IsSaidToBe()
    {
        _ = _world.Add("web");
        var root = await _world.ClientAsync(BuiltInRoles.Administrator);
        var developer = await _world.ClientAsync(BuiltInRoles.Developer);
        await _world.StopAsync();
        foreach (var client in (HttpClient[])[root, developer])
        {
            foreach (var (method, path, body) in new (string, string, object?)[] { ("POST", "", new { image = "busybox" }), ("POST", "/web/start", null), ("DELETE", "/web", null), ("GET", "/web/processes", null), ("GET", "/web/archive?path=/", null) })
            {
                var answer = await client.CallAsync(method, Containers + path, body);
                Assert.True(answer is { Status: HttpStatusCode.ServiceUnavailable, Code: "host.unreachable" }, $"{method} {path} {answer.Status} {answer.Body}");
            }
        }
    }

    private async Task<Answered> PostAsync(string json) => await SendAsync(await _world.ClientAsync(BuiltInRoles.Administrator), json);

    private static async Task<Answered> SendAsync(HttpClient client, string json)
    {
        using var answer = await client.PostAsync("/api/v1" + Containers, new StringContent(json, Encoding.UTF8, "application/json"));
        return new(answer.StatusCode, JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()), null);
    }
}
