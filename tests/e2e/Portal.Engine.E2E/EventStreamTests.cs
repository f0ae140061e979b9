using System.Globalization;
using System.Net;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class EventStreamTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Life_IsToldStepByStep()
    {
        await using var events = await EventLog.OpenAsync(Http);
        await RunSleeperAsync("--name", "subject", "--label", "kind=test");
        (await Docker.RunAsync("exec", "subject", "true")).Succeeded();
        (await Docker.RunAsync("top", "subject")).Succeeded();
        (await Docker.RunAsync("kill", "-s", "TERM", "subject")).Succeeded();
        await Docker.UntilAsync("subject", "{{.State.Status}}", "exited");
        (await Docker.RunAsync("start", "subject")).Succeeded();
        (await Docker.RunAsync("restart", "subject")).Succeeded();
        (await Docker.RunAsync("rm", "-f", "subject")).Succeeded();
        await events.UntilAsync("subject", "destroy");

        Assert.Equal(
            [
                "create", "start", "exec_create: true ", "exec_start: true ", "exec_die 0", "top", "kill 15", "die 0", "start", "kill 15", "die 0", "stop", "start", "restart",
                "kill 9", "die 137", "destroy",
            ],
            events.Of("subject"));
        Assert.All(
            events.All.Where(e => e.GetProperty("Type").GetString() == "container"),
            e => Assert.Equal(("busybox", "test"), (Attribute(e, "image"), Attribute(e, "kind"))));
        var created = events.All.First(e => e.GetProperty("Action").GetString() == "create" && e.GetProperty("Type").GetString() == "container");
        Assert.Equal(("create", "busybox", "local"), (created.GetProperty("status").GetString(), created.GetProperty("from").GetString(), created.GetProperty("scope").GetString()));
        Assert.Equal(created.GetProperty("id").GetString(), created.GetProperty("Actor").GetProperty("ID").GetString());
        Assert.Equal(created.GetProperty("time").GetInt64(), created.GetProperty("timeNano").GetInt64() / 1_000_000_000);
    }

    [Fact]
    public async Task Filters_ChooseByTypeEventContainerLabelAndImage()
    {
        var since = Now();
        await Docker.RunAsync("run", "--name", "chosen", "--label", "kind=test", "busybox", "sh", "-c", "exit 3");
        await Docker.RunAsync("run", "--name", "other", "busybox", "true");
        await Patience.UntilAsync("both have ended", async () => (await ActionsAsync("event=die")).Length == 2);

        Assert.Equal(["create", "attach", "start", "die"], await ActionsAsync("container=chosen", "type=container"));
        Assert.Equal(["die"], await ActionsAsync("label=kind=test", "event=die"));
        Assert.Equal(["create", "create"], await ActionsAsync("image=busybox", "event=create"));
        Assert.Equal(["connect", "disconnect", "connect", "disconnect"], await ActionsAsync("type=network"));
        Assert.Empty(await ActionsAsync("image=elsewhere"));
        Assert.NotEqual(0, (await Docker.RunAsync("events", "--since", since, "--until", Now(), "--filter", "nonsense=1")).ExitCode);

        async Task<string[]> ActionsAsync(params string[] filters) => (await Docker.RunAsync(
            ["events", "--since", since, "--until", Now(), "--format", "{{.Action}}", .. filters.SelectMany(filter => (string[])["--filter", filter])])).Succeeded().Lines;
    }

    [Fact]
    public async Task Until_InTheFuture_EndsTheStreamThen()
    {
        var until = DateTimeOffset.UtcNow.AddSeconds(1.5);

        (await Docker.RunAsync("events", "--until", (until.ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture))).Succeeded();

        Assert.InRange(DateTimeOffset.UtcNow, until.AddMilliseconds(-10), until.AddSeconds(3));
        await ExpectErrorAsync(await Http.GetAsync("/events?since=200&until=100"), HttpStatusCode.BadRequest, "`since` time (200) cannot be after `until` time (100)");
    }

    private static string Now() => (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture);

    private static string? Attribute(JsonElement e, string name) =>
        e.GetProperty("Actor").GetProperty("Attributes").TryGetProperty(name, out var value) ? value.GetString() : null;
}
