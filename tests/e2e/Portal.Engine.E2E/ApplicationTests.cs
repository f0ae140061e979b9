using System.Globalization;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>
/// A whole application by a compose file (<c>Application/</c>): pages that ask an API that counts in PostgreSQL, on a network
/// in front and one behind that is closed, with a volume, each started when what it needs is healthy.
/// </summary>
[Trait("Agent", "one")]
public sealed class ApplicationTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;
    private readonly HttpClient _browser = new() { Timeout = Patience.Seconds(20) };
    private readonly string _folder = Path.Combine(engine.Root, "shop");
    private ComposeCli _compose = null!;
    private int _visits;

    public async ValueTask InitializeAsync()
    {
        (await ChildProcess.RunAsync("cp", ["-r", Path.Combine(AppContext.BaseDirectory, "Application"), _folder])).Succeeded();
        (await ChildProcess.RunAsync(
            Path.Combine(AgentProcess.Repository(), "scripts/postgres.sh"),
            [_folder + "/postgres/postgres.tar", Environment.GetEnvironmentVariable("PORTAL_E2E_POSTGRES") ?? ""])).Succeeded();
        (await _docker.RunAsync("build", "-q", "-t", "postgres:local", _folder + "/postgres")).Succeeded();
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await engine.ClearAsync();
        await engine.ClearVolumesAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("docker-compose")]
    [InlineData("docker compose")]
    public async Task Application_OfThreeServices_IsStartedScaledTakenDownAndComesBackWithItsData(string client)
    {
        _compose = new(client, engine, _folder, new Dictionary<string, string> { ["PASSWORD"] = "hunter2" });
        Assert.SkipUnless(await _compose.IsThereAsync(), $"{client} is not installed.");
        var before = await BalanceAsync();

        // Up: each after what it needs is healthy.
        var since = Now();
        (await _compose.RunAsync("up", "-d")).Succeeded();
        Assert.Equal(
            ["start database", "health_status: healthy database", "start api", "health_status: healthy api", "start web"],
            (await _docker.RunAsync(
                "events", "--since", since, "--until", Now(), "--filter", "type=container", "--filter", "event=start", "--filter", "event=health_status",
                "--format", "{{.Action}} {{index .Actor.Attributes \"com.docker.compose.service\"}}")).Succeeded().Lines);
        await VisitAsync();
        await VisitAsync();

        // Names and networks: pages know the API by its other name, but nothing of what is behind it.
        Assert.NotEqual(0, (await _compose.ExecAsync("web", "nslookup store || nslookup database")).ExitCode);
        (await _compose.ExecAsync("api", "nslookup store && nslookup database")).Succeeded();
        Assert.DoesNotContain("default", (await _compose.ExecAsync("database", "ip route")).Succeeded().Out, StringComparison.Ordinal);
        Assert.Contains("default", (await _compose.ExecAsync("web", "ip route")).Succeeded().Out, StringComparison.Ordinal);

        // What is as the file says stays.
        var ids = await _compose.IdsAsync();
        (await _compose.RunAsync("up", "-d")).Succeeded();
        Assert.Equal(ids.Order(), (await _compose.IdsAsync()).Order());

        // Scale: the name has all of them, and each answers.
        (await _compose.RunAsync("up", "-d", "--scale", "api=3")).Succeeded();
        await HealthyAsync(3);
        await EachAnswersAsync(3);
        (await _compose.RunAsync("restart", "api")).Succeeded();
        await HealthyAsync(3);
        await EachAnswersAsync(3);
        Assert.Equal(5, (await _compose.IdsAsync()).Length);
        Assert.Contains("ready to accept connections", (await _compose.RunAsync("logs", "--no-color", "database")).Succeeded().Out, StringComparison.Ordinal);
        Assert.Contains("(healthy)", (await _compose.RunAsync("ps")).Succeeded().Out, StringComparison.Ordinal);
        Assert.Equal($"{_visits}", (await _compose.ExecAsync("api", "psql -qAtX -c 'select count(*) from visits'")).Succeeded().Line);

        // The engine is killed and comes back: the application has never been away.
        await engine.KillAsync();
        await engine.StartAsync();
        await HealthyAsync(3);
        await VisitAsync();
        await EachAnswersAsync(3);
        (await _compose.RunAsync("up", "-d", "--scale", "api=1")).Succeeded();
        await EachAnswersAsync(1);

        // Down and up again: what was in the volume is there.
        (await _compose.RunAsync("down")).Succeeded();
        Assert.Empty((await _docker.RunAsync("ps", "-aq")).Succeeded().Lines);
        Assert.Equal(["shop_data visits"], (await _docker.RunAsync("volume", "ls", "--format", "{{.Name}} {{.Label \"holds\"}}")).Succeeded().Lines);
        (await _compose.RunAsync("up", "-d")).Succeeded();
        Assert.Empty((await _compose.IdsAsync()).Intersect(ids));
        await VisitAsync();

        // Down with everything: nothing is left.
        (await _compose.RunAsync("down", "-v", "--rmi", "local")).Succeeded();
        Assert.Empty((await _docker.RunAsync("volume", "ls", "-q")).Succeeded().Lines);
        Assert.Equal(["bridge", "host", "none"], (await _docker.RunAsync("network", "ls", "--format", "{{.Name}}")).Succeeded().Lines.Order());
        Assert.Equal(before, await BalanceAsync());
    }

    /// <summary>As a browser on this machine: by the published port through all three. The API counts on.</summary>
    private async Task VisitAsync()
    {
        var address = (await _compose.RunAsync("port", "web", "8000")).Succeeded().Line;
        var page = await _browser.GetStringAsync($"http://{address}/cgi-bin/page");
        var (server, count) = (page.Trim().Split(' ')[0], page.Trim().Split(' ')[^1]);
        Assert.Equal($"{++_visits}", count);
        Assert.Contains(await ServersAsync(), id => id.StartsWith(server, StringComparison.Ordinal));
    }

    /// <summary>The name of the API stands for so many servers, which are its containers.</summary>
    private async Task EachAnswersAsync(int servers)
    {
        var addresses = (await _compose.ExecAsync("web", "nslookup counter")).Out.Split('\n')
            .Where(line => line.StartsWith("Address: ", StringComparison.Ordinal)).Select(line => line["Address: ".Length..].Trim()).ToList();
        Assert.Equal(servers, addresses.Distinct().Count());
        var answers = (await _compose.ExecAsync("web", $"for a in {string.Join(' ', addresses)}; do wget -qO- http://$a:8000/cgi-bin/visit; done")).Succeeded().Lines;
        Assert.Equal(addresses.Select(_ => $"{++_visits}"), answers.Select(answer => answer.Split(' ')[1]));
        Assert.Equal((await ServersAsync()).Select(id => id[..12]).Order(), answers.Select(answer => answer.Split(' ')[0]).Order());
    }

    private async Task<string[]> ServersAsync() => (await _docker.RunAsync("ps", "-q", "--no-trunc", "--filter", "label=com.docker.compose.service=api")).Succeeded().Lines;

    private Task HealthyAsync(int servers) => Patience.UntilAsync(
        $"{servers} servers are healthy", async () => (await _docker.RunAsync("ps", "-q", "--filter", "label=com.docker.compose.service=api", "--filter", "health=healthy")).Lines.Length == servers);

    /// <summary>Without what images and builds leave in their caches.</summary>
    private async Task<IEnumerable<string>> BalanceAsync() => (await Ledger.BalanceAsync(engine.Root, engine.Bridge, engine.ProcessId))
        .Where(line => !((string[])["images", "layers", "builds"]).Any(cache => line.StartsWith($"file {engine.DataRoot}/{cache}", StringComparison.Ordinal)));

    private static string Now() => (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture);
}
