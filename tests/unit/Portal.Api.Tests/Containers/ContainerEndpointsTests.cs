using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Containers;

public sealed class ContainerEndpointsTests : IDisposable
{
    private const string Containers = "/api/v1/hosts/local/containers";
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task Command_ByNameOrPrefix_ReachesTheEngineWithTheFullId()
    {
        var web = _portal.Engine.Put(FakeEngine.Container("web"));
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        foreach (var (verb, path) in new[] { ("POST", "web/start"), ("POST", $"{web.Id.Abbreviated}/stop"), ("POST", $"{web.Id}/restart"), ("POST", "web/kill"), ("DELETE", "web?force=true&volumes=true") })
        {
            using var answer = await client.SendAsync(new HttpRequestMessage(new HttpMethod(verb), $"{Containers}/{path}"));
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }

        Assert.Equal([$"Start {web.Id}", $"Stop {web.Id}", $"Restart {web.Id}", $"Kill {web.Id}", $"Remove {web.Id} True True"], _portal.Engine.Commands);
    }

    [Fact]
    public async Task Command_CarriedOut_IsAuditedBeforeAndAfter()
    {
        _portal.Engine.Put(FakeEngine.Container("web"));
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        await client.PostAsync($"{Containers}/web/stop", null);
        Assert.Equal(["begun", "ok"], (await _portal.AuditAsync()).Where(line => line.Operation == "StopContainer").Select(line => line.Outcome));
    }

    [Fact]
    public async Task Command_ThatCannotBeAudited_IsNotCarriedOut()
    {
        _portal.Engine.Put(FakeEngine.Container("web"));
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        await using var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await db.Database.ExecuteSqlRawAsync("CREATE TRIGGER full_disk BEFORE INSERT ON Audit BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");

        using var answer = await client.PostAsync($"{Containers}/web/stop", null);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Empty(_portal.Engine.Commands);

        await db.Database.ExecuteSqlRawAsync("DROP TRIGGER full_disk");
        using var again = await client.PostAsync($"{Containers}/web/stop", null);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
    }

    [Fact]
    public async Task Name_EqualToAnothersIdPrefix_MeansTheName()
    {
        var other = _portal.Engine.Put(FakeEngine.Container("other"));
        var named = _portal.Engine.Put(FakeEngine.Container(other.Id.Abbreviated));
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        await client.PostAsync($"{Containers}/{other.Id.Abbreviated}/stop", null);
        Assert.Equal([$"Stop {named.Id}"], _portal.Engine.Commands);
    }

    [Fact]
    public async Task Prefix_OfTwo_IsRefused()
    {
        _portal.Engine.Put(FakeEngine.Container("a", id: ContainerId.Parse("ab" + new string('0', 62), null)));
        _portal.Engine.Put(FakeEngine.Container("b", id: ContainerId.Parse("ab" + new string('1', 62), null)));
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        using var answer = await client.PostAsync($"{Containers}/ab/stop", null);
        Assert.Equal("container.ambiguous", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        Assert.Empty(_portal.Engine.Commands);
    }

    [Fact]
    public async Task Command_OfAViewer_IsForbiddenAndAuditedOnceAndReachesNothing()
    {
        _portal.Engine.Put(FakeEngine.Container("web"));
        using var client = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        using var answer = await client.PostAsync($"{Containers}/web/stop", null);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Empty(_portal.Engine.Commands);
        var line = Assert.Single(await _portal.AuditAsync(), line => line.Operation == "StopContainer");
        Assert.Equal(("Viewer-", "local/web", "access.denied"), (line.ActorName, line.Target, line.Outcome));
    }

    [Fact]
    public async Task Container_OnAForeignHost_LooksLikeNone()
    {
        var web = _portal.Engine.Put(FakeEngine.Container("web"));
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator, "elsewhere");
        foreach (var path in (string[])["", $"/{web.Id}", $"/{web.Id}/logs", $"/{web.Id}/logs/follow", $"/{web.Id}/stats"])
        {
            using var answer = await client.GetAsync(Containers + path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Equal("host.unknown", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        }

        using var command = await client.PostAsync($"{Containers}/{web.Id}/stop", null);
        Assert.Equal(HttpStatusCode.NotFound, command.StatusCode);
        Assert.Empty(_portal.Engine.Commands);
        Assert.Single(await _portal.AuditAsync(), line => line.Operation == "StopContainer" && line.Outcome == "host.unknown");
        Assert.Equal("[]", await client.GetStringAsync("/api/v1/hosts"));
    }

    [Theory]
    [InlineData(ErrorKind.NotFound, 404)]
    [InlineData(ErrorKind.Conflict, 409)]
    [InlineData(ErrorKind.Unavailable, 503)]
    [InlineData(ErrorKind.Internal, 500)]
    public async Task Command_EngineRefuses_IsThatProblemAndAudited(ErrorKind kind, int status)
    {
        _portal.Engine.Put(FakeEngine.Container("web"));
        _portal.Engine.Answer = new Error(kind, "engine.something", "The engine's own words.");
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        using var answer = await client.PostAsync($"{Containers}/web/start", null);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("The engine's own words.", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("title").GetString());
        Assert.Null(AuditChain.FirstFault(await _portal.AuditAsync()));
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "StartContainer", Outcome: "engine.something" });
    }

    [Fact]
    public async Task List_Filters_AndPages()
    {
        _portal.Engine.Put(FakeEngine.Container("web-1") with { Created = DateTimeOffset.UnixEpoch.AddDays(1), Labels = new Dictionary<string, string> { ["app"] = "x" } });
        _portal.Engine.Put(FakeEngine.Container("web-2") with { Created = DateTimeOffset.UnixEpoch.AddDays(2) });
        _portal.Engine.Put(FakeEngine.Container("db", ContainerState.Exited) with { Created = DateTimeOffset.UnixEpoch.AddDays(3) });
        using var client = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        await client.GetAsync($"{Containers}/db");

        async Task<string> Names(string query) => string.Join(' ', (await client.GetFromJsonAsync<JsonElement>(Containers + query))
            .GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()));

        Assert.Equal("db web-2 web-1", await Names(""));
        Assert.Equal("web-2 web-1", await Names("?state=running"));
        Assert.Equal("web-2 web-1", await Names("?name=WEB"));
        Assert.Equal("web-1", await Names("?label=app"));
        Assert.Equal("web-1", await Names("?label=app=x"));
        Assert.Equal("", await Names("?label=app=y"));
        Assert.Equal("web-2", await Names("?offset=1&limit=1"));
    }

    [Fact]
    public async Task Logs_Follow_AreServerSentEvents()
    {
        _portal.Engine.Put(FakeEngine.Container("web"));
        _portal.Engine.Log = [new LogLine(DateTimeOffset.UnixEpoch, false, "one\ndata: forged"), new LogLine(DateTimeOffset.UnixEpoch, true, "two")];
        using var client = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        using var answer = await client.GetAsync($"{Containers}/web/logs/follow");
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        var events = (await answer.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, events.Length);
        Assert.All(events, text => Assert.StartsWith("event: log\ndata: {", text, StringComparison.Ordinal));
    }
}
