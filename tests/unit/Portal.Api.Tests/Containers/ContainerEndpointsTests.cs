using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Api.Tests.Docker;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Containers;

public sealed class ContainerEndpointsTests : IAsyncLifetime
{
    private const string Containers = "/api/v1/hosts/local/containers";
    private readonly EngineWorld _world = new();

    private PortalHost Portal => _world.Portal;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Command_ByNameOrPrefix_ReachesTheEngineWithTheFullId()
    {
        var web = _world.Add("web");
        using var client = await Portal.SignedInAsync(BuiltInRoles.Administrator);
        foreach (var (verb, path) in new[] { ("POST", "web/start"), ("POST", $"{web[..12]}/stop"), ("POST", $"{web}/restart"), ("POST", "web/kill"), ("DELETE", "web?force=true&volumes=true") })
        {
            using var answer = await client.SendAsync(new HttpRequestMessage(new HttpMethod(verb), $"{Containers}/{path}"));
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }

        Assert.Equal(
            [$"POST /containers/{web}/start", $"POST /containers/{web}/stop", $"POST /containers/{web}/restart", $"POST /containers/{web}/kill?signal=KILL", $"DELETE /containers/{web}?force=1&v=1"],
            Commands());
    }

    [Fact]
    public async Task Command_CarriedOut_IsAuditedBeforeAndAfter()
    {
        _ = _world.Add("web");
        using var client = await Portal.SignedInAsync(BuiltInRoles.Administrator);
        await client.PostAsync($"{Containers}/web/stop", null);
        Assert.Equal(["begun", "ok"], (await Portal.AuditAsync()).Where(line => line.Operation == "StopContainer").Select(line => line.Outcome));
    }

    [Fact]
    public async Task Command_AlreadySo_Succeeds()
    {
        _world.Answer($"POST /containers/{_world.Add("web")}/start", 304, "");
        using var client = await Portal.SignedInAsync(BuiltInRoles.Developer);
        using var answer = await client.PostAsync($"{Containers}/web/start", null);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(["begun", "ok"], (await Portal.AuditAsync()).Where(line => line.Operation == "StartContainer").Select(line => line.Outcome));
    }

    [Fact]
    public async Task Command_ThatCannotBeAudited_IsNotCarriedOut()
    {
        _ = _world.Add("web");
        using var client = await Portal.SignedInAsync(BuiltInRoles.Administrator);
        await using var db = await Portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await db.Database.ExecuteSqlRawAsync("CREATE TRIGGER full_disk BEFORE INSERT ON Audit BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");

        using var answer = await client.PostAsync($"{Containers}/web/stop", null);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Empty(Commands());

        await db.Database.ExecuteSqlRawAsync("DROP TRIGGER full_disk");
        using var again = await client.PostAsync($"{Containers}/web/stop", null);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
    }

    [Fact]
    public async Task Name_EqualToAnothersIdPrefix_MeansTheName()
    {
        var other = _world.Add("other");
        var named = _world.Add(other[..12]);
        using var client = await Portal.SignedInAsync(BuiltInRoles.Administrator);
        await client.PostAsync($"{Containers}/{other[..12]}/stop", null);
        Assert.Equal([$"POST /containers/{named}/stop"], Commands());
    }

    [Fact]
    public async Task Prefix_OfTwo_IsRefused()
    {
        Portal.Engine.Put(FakeEngine.Container("a", id: ContainerId.Parse("ab" + new string('0', 62), null)));
        Portal.Engine.Put(FakeEngine.Container("b", id: ContainerId.Parse("ab" + new string('1', 62), null)));
        using var client = await Portal.SignedInAsync(BuiltInRoles.Administrator);
        using var answer = await client.PostAsync($"{Containers}/ab/stop", null);
        Assert.Equal("container.ambiguous", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        Assert.Empty(Commands());
    }

    [Fact]
    public async Task Command_OfAViewer_IsForbiddenAndAuditedOnceAndReachesNothing()
    {
        _ = _world.Add("web");
        using var client = await Portal.SignedInAsync(BuiltInRoles.Viewer);
        using var answer = await client.PostAsync($"{Containers}/web/stop", null);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Empty(Commands());
        var line = Assert.Single(await Portal.AuditAsync(), line => line.Operation == "StopContainer");
        Assert.Equal(("Viewer-", "local/web", "access.denied"), (line.ActorName, line.Target, line.Outcome));
    }

    [Fact]
    public async Task Container_OnAForeignHost_LooksLikeNone()
    {
        var web = _world.Add("web");
        using var client = await Portal.SignedInAsync(BuiltInRoles.Administrator, "elsewhere");
        foreach (var path in (string[])["", $"/{web}", $"/{web}/logs", $"/{web}/logs/follow", $"/{web}/stats"])
        {
            using var answer = await client.GetAsync(Containers + path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Equal("host.unknown", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        }

        using var command = await client.PostAsync($"{Containers}/{web}/stop", null);
        Assert.Equal(HttpStatusCode.NotFound, command.StatusCode);
        Assert.Empty(_world.Requests);
        Assert.Single(await Portal.AuditAsync(), line => line.Operation == "StopContainer" && line.Outcome == "host.unknown");
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/api/v1/hosts")).GetProperty("total").GetInt32());
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/api/v1/containers")).GetProperty("total").GetInt32());
    }

    [Theory]
    [InlineData(404, "engine.not_found", 404)]
    [InlineData(409, "engine.conflict", 409)]
    [InlineData(503, "engine.unavailable", 503)]
    [InlineData(500, "engine.failed", 500)]
    public async Task Command_EngineRefuses_IsThatProblemAndAudited(int said, string code, int status)
    {
        _world.Answer($"POST /containers/{_world.Add("web")}/start", said, """{"message":"The engine's own words."}""");
        using var client = await Portal.SignedInAsync(BuiltInRoles.Administrator);
        using var answer = await client.PostAsync($"{Containers}/web/start", null);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("The engine's own words.", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("title").GetString());
        Assert.Null(AuditChain.FirstFault(await Portal.AuditAsync()));
        Assert.Contains(await Portal.AuditAsync(), line => line.Operation == "StartContainer" && line.Outcome == code);
    }

    [Fact]
    public async Task List_FiltersSortsAndPages()
    {
        Put("web-1", 1, image: "nginx", labels: ("app", "x"), network: "front");
        Put("web-2", 2, labels: ("com.docker.compose.project", "shop"));
        Put("db", 3, ContainerState.Exited);
        using var client = await Portal.SignedInAsync(BuiltInRoles.Viewer);
        await client.GetAsync($"{Containers}/db");

        async Task<string> Names(string query, string list = Containers) => string.Join(' ', (await client.GetFromJsonAsync<JsonElement>(list + query))
            .GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()));

        foreach (var list in (string[])[Containers, "/api/v1/containers"])
        {
            Assert.Equal("db web-2 web-1", await Names("", list));
            Assert.Equal("web-2 web-1", await Names("?state=running", list));
            Assert.Equal("web-2 web-1", await Names("?name=WEB", list));
            Assert.Equal("web-1", await Names("?label=app", list));
            Assert.Equal("web-1", await Names("?label=app=x", list));
            Assert.Equal("", await Names("?label=app=y", list));
            Assert.Equal("web-1", await Names("?image=NGI", list));
            Assert.Equal("web-1", await Names("?network=front", list));
            Assert.Equal("web-2", await Names("?stack=shop", list));
            Assert.Equal("web-1 web-2 db", await Names("?sort=created", list));
            Assert.Equal("db web-1 web-2", await Names("?sort=name", list));
            Assert.Equal("web-2 web-1 db", await Names("?sort=-name", list));
            Assert.StartsWith("db ", await Names("?sort=-state", list), StringComparison.Ordinal);
            Assert.Equal("web-2", await Names("?page=2&pageSize=1", list));
        }

        Assert.Equal("", await Names("?host=elsewhere", "/api/v1/containers"));
        Assert.Equal("db web-2 web-1", await Names("?host=local", "/api/v1/containers"));
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync("/api/v1/containers?sort=size")).StatusCode);
    }

    [Fact]
    public async Task Logs_Follow_AreServerSentEvents()
    {
        await using var portal = new PortalHost();
        portal.Engine.Put(FakeEngine.Container("web"));
        portal.Engine.Log = [new LogLine(DateTimeOffset.UnixEpoch, false, "one\ndata: forged"), new LogLine(DateTimeOffset.UnixEpoch, true, "two")];
        using var client = await portal.SignedInAsync(BuiltInRoles.Viewer);
        using var answer = await client.GetAsync($"{Containers}/web/logs/follow");
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        var events = (await answer.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, events.Length);
        Assert.All(events, text => Assert.StartsWith("event: log\ndata: {", text, StringComparison.Ordinal));
    }

    private string[] Commands() => [.. _world.Requests.Where(request => !request.StartsWith("GET ", StringComparison.Ordinal))];

    private void Put(string name, int day, ContainerState state = ContainerState.Running, string image = "busybox", (string Key, string Value)? labels = null, string? network = null)
    {
        var made = Portal.Engine.Put(FakeEngine.Container(name, state) with
        {
            Created = DateTimeOffset.UnixEpoch.AddDays(day), Image = image, Networks = network is null ? [] : [network],
            Labels = labels is { } label ? new Dictionary<string, string> { [label.Key] = label.Value } : [],
        });
        Portal.Engine.Tell(made.Id);
    }
}
