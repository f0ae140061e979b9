using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Adapters.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Images;

/// <summary>Images and builds by REST, at an engine that answers what the tests say.</summary>
public sealed class ImageEndpointsTests : IAsyncLifetime
{
    private const string Images = "/hosts/local/images";

    private FakeEngineSocket _engine = null!;
    private PortalHost _portal = null!;
    private long _received;

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

    [Theory]
    [InlineData("", "sha256:b sha256:a sha256:c")]
    [InlineData("?sort=-size", "sha256:c sha256:b sha256:a")]
    [InlineData("?sort=created", "sha256:b sha256:c sha256:a")]
    [InlineData("?name=WEB", "sha256:b")]
    [InlineData("?label=team=db", "sha256:a")]
    [InlineData("?label=team", "sha256:a")]
    [InlineData("?label=team=web", "")]
    [InlineData("?dangling=true", "sha256:c")]
    [InlineData("?page=2&pageSize=2", "sha256:c")]
    public async Task List_Asked_IsFilteredSortedAndCut(string query, string ids)
    {
        using var viewer = await _portal.SignedInAsync(BuiltInRoles.Viewer);

        var page = await viewer.CallAsync("GET", Images + query);

        Assert.True(page.Status == HttpStatusCode.OK, page.Body.ToString());
        Assert.Equal(ids, string.Join(' ', page.Body.GetProperty("items").EnumerateArray().Select(image => image.GetProperty("id").GetString())));
    }

    [Fact]
    public async Task List_OfWhoOwnsSome_HasThose()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        var me = (await ann.CallAsync("GET", "/me")).Id;
        await _portal.Services.GetRequiredService<IHostAccess>().OwnAsync(new HostId("local"), ResourceKind.Image, "sha256:a", new HashSet<Subject> { new(SubjectKind.User, me) }, default);
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var grant = (await root.CallAsync("GET", "/grants?pageSize=500")).Body.GetProperty("items").EnumerateArray()
            .Single(item => item.ToString().Contains(me, StringComparison.Ordinal)).GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.Created, (await root.CallAsync("POST", "/grants", new { subjectKind = "user", subjectId = me, role = "Developer", scope = "own@host:local" })).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await root.CallAsync("DELETE", $"/grants/{grant}")).Status);

        var page = await ann.CallAsync("GET", Images);

        Assert.Equal(["sha256:a"], page.Body.GetProperty("items").EnumerateArray().Select(image => image.GetProperty("id").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await ann.CallAsync("GET", Images + "/registry.example.com%2Fweb%2Fapp:1")).Status);
    }

    [Theory]
    [InlineData("registry.example.com%2Fweb%2Fapp:1")]
    [InlineData("sha256:b")]
    public async Task Image_ByNameOrId_IsFound(string image)
    {
        using var viewer = await _portal.SignedInAsync(BuiltInRoles.Viewer);

        var found = await viewer.CallAsync("GET", $"{Images}/{image}");
        var steps = await viewer.CallAsync("GET", $"{Images}/{image}/history");

        Assert.Equal((HttpStatusCode.OK, "sha256:b", "linux"), (found.Status, found.Id, found.Text("os")));
        Assert.Equal("COPY", steps.Body[0].GetProperty("createdBy").GetString());
        Assert.Equal("docker.not_found", (await viewer.CallAsync("GET", Images + "/nothing")).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await viewer.CallAsync("GET", Images + "/..%2F..%2Fcontainers%2Fx")).Status);
    }

    [Fact]
    public async Task Tag_AndRemove_GoToTheEngine()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);

        Assert.Equal(HttpStatusCode.NoContent, (await ann.CallAsync("POST", Images + "/sha256:b/tag", new { image = "localhost:5000/app" })).Status);
        Assert.Equal("image.reference", (await ann.CallAsync("POST", Images + "/sha256:b/tag", new { image = "UPPER" })).Code);
        var gone = await ann.CallAsync("DELETE", Images + "/registry.example.com%2Fweb%2Fapp:1?force=true");

        Assert.Contains("POST /images/sha256:b/tag?repo=localhost:5000/app&tag=latest", _engine.Requests);
        Assert.Contains(_engine.Requests, request => request.StartsWith("DELETE /images/registry.example.com/web/app:1?force=1", StringComparison.Ordinal));
        Assert.Equal(("registry.example.com/web/app:1", "sha256:b"), (gone.Body.GetProperty("untagged")[0].GetString(), gone.Body.GetProperty("deleted")[0].GetString()));
    }

    [Theory]
    [InlineData("POST", "/pull", """{"image":"busybox"}""")]
    [InlineData("POST", "/busybox/push", null)]
    [InlineData("POST", "/busybox/tag", """{"image":"other"}""")]
    [InlineData("POST", "/prune", "{}")]
    [InlineData("POST", "/load", null)]
    [InlineData("DELETE", "/busybox", null)]
    [InlineData("GET", "/busybox/archive", null)]
    public async Task Change_ByAViewer_IsRefused_AndWrittenDown(string method, string path, string? json)
    {
        using var viewer = await _portal.SignedInAsync(BuiltInRoles.Viewer);

        var answer = await viewer.CallAsync(method, Images + path, json is null ? null : JsonSerializer.Deserialize<JsonElement>(json));

        Assert.Equal((HttpStatusCode.Forbidden, "access.denied"), (answer.Status, answer.Code));
        Assert.Contains(await _portal.AuditAsync(), line => line.Outcome == "access.denied" && line.Operation.Contains("Image", StringComparison.Ordinal));
        Assert.DoesNotContain(_engine.Requests, request => request.StartsWith(method, StringComparison.Ordinal) && !request.EndsWith("/json", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Registries_ThatAHostDoesNotAllow_AreRefusedAtPullPushLoadAndBuild()
    {
        await _portal.Services.GetRequiredService<IHostAccess>().SetRestrictionsAsync(new("local"), HostRestrictions.Default with { Registries = ["registry.example.com"] }, default);
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Operator);

        foreach (var path in (string[])["/images/pull", "/images/busybox/push", "/images/load", "/builds?tag=x", "/builds/remote"])
        {
            var answer = await ann.CallAsync("POST", "/hosts/local" + path, path switch
            {
                "/images/pull" => new { image = "busybox" },
                "/builds/remote" => new { context = "https://git.example.com/a.git" },
                _ => null,
            });
            Assert.True(answer is { Status: HttpStatusCode.Forbidden, Code: "docker.restricted" }, $"{path} {answer.Status} {answer.Body}");
        }

        Assert.Equal(HttpStatusCode.Accepted, (await ann.CallAsync("POST", Images + "/pull", new { image = "registry.example.com/web/app:1" })).Status);
    }

    [Fact]
    public async Task Archive_OfAnImage_IsToBeSaved()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);

        using var answer = await ann.GetAsync("/api/v1" + Images + "/registry.example.com%2Fweb%2Fapp:1/archive");

        Assert.Equal((HttpStatusCode.OK, "application/x-tar", "attachment", "app_1.tar"), (
            answer.StatusCode, answer.Content.Headers.ContentType!.MediaType, answer.Content.Headers.ContentDisposition!.DispositionType, answer.Content.Headers.ContentDisposition.FileName!.Trim('"')));
        Assert.Equal("tar of images", await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync("/api/v1" + Images + "/nothing/archive")).StatusCode);
    }

    [Fact]
    public async Task Archive_ThatIsLoaded_ArrivesBeforeTheAnswer()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Operator);

        var ended = await EndOfAsync(root, await SendTarAsync(root, Images + "/load", 3 << 20));

        Assert.Equal(3 << 20, Interlocked.Read(ref _received));
        Assert.Equal(["web:1", "sha256:e"], ended.GetProperty("result").GetProperty("loaded").EnumerateArray().Select(name => name.GetString()));
    }

    /// <summary>What began is known, although nobody is there to be answered, and says whose fault it was.</summary>
    [Fact]
    public async Task Archive_ThatBreaksOff_IsAFailedOperation()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Operator);
        using var leaving = new CancellationTokenSource();
        using var content = new StreamContent(new HalfAnArchive(leaving));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => root.PostAsync("/api/v1" + Images + "/load", content, leaving.Token));

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        JsonElement failed;
        while ((failed = (await root.CallAsync("GET", "/operations?state=failed")).Body).GetProperty("total").GetInt32() == 0)
        {
            await Task.Delay(20, limit.Token);
        }

        Assert.Equal("operation.upload", failed.GetProperty("items")[0].GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Prune_TellsWhatWentAndWhatIsFree()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Operator);

        var images = await EndOfAsync(root, await root.CallAsync("POST", Images + "/prune", new { all = true, until = "24h", labels = (string[])["a=b"] }));
        var cache = await EndOfAsync(root, await root.CallAsync("POST", "/hosts/local/builds/prune", new { all = true, unusedFor = "24h" }));

        Assert.Equal((7, "sha256:x"), (images.GetProperty("result").GetProperty("reclaimedBytes").GetInt32(), images.GetProperty("result").GetProperty("removed")[0].GetString()));
        Assert.Contains("""POST /images/prune?filters={"dangling":["false"],"until":["24h"],"label":["a=b"]}""", _engine.Requests);
        Assert.Equal(9, cache.GetProperty("result").GetProperty("reclaimedBytes").GetInt32());
    }

    [Fact]
    public async Task Search_AsksTheEngine()
    {
        using var viewer = await _portal.SignedInAsync(BuiltInRoles.Viewer);

        var found = await viewer.CallAsync("GET", "/hosts/local/image-search?term=nginx&limit=5");

        Assert.Equal(("nginx", 9), (found.Body[0].GetProperty("name").GetString(), found.Body[0].GetProperty("stars").GetInt32()));
        Assert.Contains("GET /images/search?term=nginx&limit=5", _engine.Requests);
    }

    [Fact]
    public async Task Build_OfAnArchive_TellsItsLinesAndItsImage_AndIsItsBuilders()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);

        var begun = await SendTarAsync(ann, "/hosts/local/builds?tag=web:1&tag=web:2&dockerfile=d/Dockerfile&argument=A=1&argument=B&label=x=y&target=run&noCache=true&pull=true", 2 << 20);
        var ended = await EndOfAsync(ann, begun);

        Assert.Equal("sha256:e", ended.GetProperty("result").GetProperty("imageId").GetString());
        Assert.Equal((2, 2), (ended.GetProperty("progress").GetProperty("step").GetInt32(), ended.GetProperty("progress").GetProperty("steps").GetInt32()));
        Assert.Equal(2 << 20, Interlocked.Read(ref _received));
        var request = _engine.Requests.Single(request => request.StartsWith("POST /build", StringComparison.Ordinal));
        Assert.Equal("""POST /build?version=1&rm=1&forcerm=1&t=web:1&t=web:2&buildargs={"A":"1","B":null}&labels={"x":"y"}&dockerfile=d/Dockerfile&target=run&nocache=1&pull=1""", request);
        using var events = await ann.GetAsync($"/api/v1/operations/{begun.Id}/events");
        Assert.Contains("Step 2/2 : RUN make", await events.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotEmpty(_portal.Services.GetRequiredService<IHostAccess>().Owners(new("local"), ResourceKind.Image, "sha256:e"));
    }

    [Theory]
    [InlineData("https://git.example.com/a.git#main:app", null)]
    [InlineData("https://user:secret@git.example.com/a.git", "build.context")]
    [InlineData("https://git.example.com/a.tar?token=1", "build.context")]
    [InlineData("file:///etc/shadow", "build.context")]
    [InlineData("client-session", "build.context")]
    public async Task Build_FromAnAddress_HasNoCredentialsInIt(string context, string? code)
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);

        var answer = await root.CallAsync("POST", "/hosts/local/builds/remote", new { context, tags = (string[])["web:1"] });

        Assert.Equal((code is null ? HttpStatusCode.Accepted : HttpStatusCode.BadRequest, code), (answer.Status, answer.Code));
    }

    /// <summary>What the host fetches it fetches from wherever it reaches, with its own network.</summary>
    [Fact]
    public async Task Build_FromAnAddress_IsRefusedToTheRestricted()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);

        Assert.Equal("docker.restricted", (await ann.CallAsync("POST", "/hosts/local/builds/remote", new { context = "http://169.254.169.254/latest" })).Code);
    }

    private static async Task<Answered> SendTarAsync(HttpClient client, string path, int bytes)
    {
        using var content = new ByteArrayContent(new byte[bytes]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        using var answer = await client.PostAsync("/api/v1" + path, content);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, body.ToString());
        return new(answer.StatusCode, body, null);
    }

    private static async Task<JsonElement> EndOfAsync(HttpClient client, Answered begun)
    {
        Assert.True(begun.Status == HttpStatusCode.Accepted, begun.Body.ToString());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var operation = (await client.CallAsync("GET", "/operations/" + begun.Id)).Body;
            if (operation.GetProperty("ended").ValueKind != JsonValueKind.Null)
            {
                Assert.True(operation.GetProperty("state").GetString() == "succeeded", operation.ToString());
                return operation;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var buffer = new byte[64 * 1024];
        while (await request.Body.ReadAsync(buffer) is var count and > 0)
        {
            Interlocked.Add(ref _received, count);
        }

        const string App = "registry.example.com/web/app:1";
        var (status, body) = (request.Method, request.Path.Value) switch
        {
            ("GET", "/images/json") => (200, """
                [{"Id":"sha256:a","RepoTags":["zoo:1"],"Created":30,"Size":1,"Labels":{"team":"db"},"Containers":-1},
                 {"Id":"sha256:b","RepoTags":["registry.example.com/web/app:1"],"Created":10,"Size":2,"Labels":null,"Containers":2},
                 {"Id":"sha256:c","RepoTags":["<none>:<none>"],"RepoDigests":["<none>@<none>"],"Created":20,"Size":3}]
                """),
            ("GET", "/images/" + App + "/json" or "/images/sha256:b/json" or "/images/busybox/json" or "/images/busybox:latest/json") =>
                (200, """{"Id":"sha256:b","RepoTags":["registry.example.com/web/app:1"],"Os":"linux","Created":"2026-01-01T00:00:00Z"}"""),
            ("GET", "/images/" + App + "/history" or "/images/sha256:b/history") => (200, """[{"Id":"sha256:b","Created":1,"CreatedBy":"COPY","Size":1,"Tags":null}]"""),
            ("GET", "/images/" + App + "/get") => (200, "tar of images"),
            ("GET", "/images/search") => (200, """[{"name":"nginx","star_count":9,"is_official":true}]"""),
            ("DELETE", _) => (200, $$"""[{"Untagged":"{{App}}"},{"Deleted":"sha256:b"}]"""),
            ("POST", "/images/sha256:b/tag") => (201, ""),
            ("POST", "/images/load") => (200, "{\"stream\":\"Loaded image: web:1\\n\"}\n{\"stream\":\"Loaded image ID: sha256:e\\n\"}\n"),
            ("POST", "/images/prune") => (200, """{"ImagesDeleted":[{"Deleted":"sha256:x"}],"SpaceReclaimed":7}"""),
            ("POST", "/build/prune") => (200, """{"CachesDeleted":["k"],"SpaceReclaimed":9}"""),
            ("POST", "/build") => (200, "{\"stream\":\"Step 1/2 : FROM scratch\\n\"}\n{\"stream\":\"Step 2/2 : RUN make\"}\n{\"stream\":\"\\n\"}\n{\"aux\":{\"ID\":\"sha256:e\"}}\n"),
            ("POST", "/images/create") => (200, "{\"status\":\"Done\"}\n"),
            _ => (404, """{"message":"No such image"}"""),
        };
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(body);
    }

    /// <summary>A client that goes when half of its archive is sent.</summary>
    private sealed class HalfAnArchive(CancellationTokenSource leaving) : MemoryStream(new byte[1 << 20])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (await base.ReadAsync(buffer, cancellationToken) is var count and > 0)
            {
                return count;
            }

            await leaving.CancelAsync();
            await Task.Delay(Timeout.Infinite, leaving.Token);
            return 0;
        }

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var buffer = new byte[bufferSize];
            while (await ReadAsync(buffer, cancellationToken) is var count and > 0)
            {
                await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
    }
}
