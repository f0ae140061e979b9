using System.Globalization;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent that the tests kill, with containers that must not notice.</summary>
public sealed class KilledEngine() : AgentProcess(1);

public sealed class AdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Container_ThatRunsOn_IsAdoptedAsItWas()
    {
        await _docker.RunDetachedAsync("--name", "survivor", "busybox", "sh", "-c", "trap 'exit 6' TERM; while :; do date +%s%N; sleep 0.1; done");
        var before = await _docker.InspectAsync("survivor", "{{.State.Pid}} {{.State.StartedAt}} {{.State.Status}} {{.RestartCount}} {{.NetworkSettings.Networks.bridge.IPAddress}}");
        var pid = before.Split(' ')[0];
        var started = await File.ReadAllTextAsync($"/proc/{pid}/stat");

        await engine.KillAsync();
        Assert.Equal(StartTime(started), StartTime(await File.ReadAllTextAsync($"/proc/{pid}/stat")));
        await engine.StartAsync();

        Assert.Equal(before, await _docker.InspectAsync("survivor", "{{.State.Pid}} {{.State.StartedAt}} {{.State.Status}} {{.RestartCount}} {{.NetworkSettings.Networks.bridge.IPAddress}}"));
        Assert.Equal("in", (await _docker.RunAsync("exec", "survivor", "echo", "in")).Succeeded().Line);
        await using (var log = _docker.Start("logs", "-f", "--tail", "0", "survivor"))
            Assert.NotNull(await log.ReadLineAsync());
        (await _docker.RunAsync("stop", "survivor")).Succeeded();
        Assert.Equal("exited 6", await _docker.InspectAsync("survivor", "{{.State.Status}} {{.State.ExitCode}}"));
    }

    [Fact]
    public async Task Container_ThatEndsMeanwhile_KeepsItsExitCodeAndTime()
    {
        var shared = Directory.CreateDirectory(Path.Combine(engine.Root, "signal")).FullName;
        await _docker.RunDetachedAsync("--name", "leaver", "-v", $"{shared}:/x", "busybox", "sh", "-c", "while [ ! -e /x/go ]; do sleep 0.05; done; exit 42");
        var pid = await _docker.InspectAsync("leaver", "{{.State.Pid}}");

        await engine.KillAsync();
        await File.WriteAllTextAsync(Path.Combine(shared, "go"), "");
        await Patience.UntilAsync("the container has ended", () => !Directory.Exists($"/proc/{pid}"));
        var ended = DateTimeOffset.UtcNow;
        await Task.Delay(1500);   // the agent is away for longer than the tolerance below
        await engine.StartAsync();

        await _docker.UntilAsync("leaver", "{{.State.Status}} {{.State.ExitCode}}", "exited 42");
        var finished = DateTimeOffset.Parse(await _docker.InspectAsync("leaver", "{{.State.FinishedAt}}"), CultureInfo.InvariantCulture);
        Assert.InRange(finished, ended.AddSeconds(-1), ended.AddSeconds(1));
    }

    [Fact]
    public async Task Container_WithRmThatEndsMeanwhile_IsRemovedAtTheNextStart()
    {
        var id = await _docker.RunDetachedAsync("--rm", "--name", "brief", "busybox", "sleep", "1");
        var pid = await _docker.InspectAsync("brief", "{{.State.Pid}}");

        await engine.KillAsync();
        await Patience.UntilAsync("the container has ended", () => !Directory.Exists($"/proc/{pid}"));
        await engine.StartAsync();

        await Patience.UntilAsync("the container is gone", async () => (await _docker.RunAsync("ps", "-aq")).Lines.Length == 0);
        Assert.DoesNotContain(Ledger.Mounts(engine.Root), m => m.Contains(id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task PublishedPort_WithoutTheAgent_StillWorks()
    {
        var port = 20_000 + Environment.ProcessId % 10_000;
        await _docker.RunDetachedAsync("--name", "web", "-p", $"{port}:80", "busybox", "sh", "-c", "echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp");
        using var web = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await Patience.UntilAsync("the server answers", async () =>
        {
            try
            {
                return await web.GetStringAsync($"http://{engine.Gateway}:{port}/") == "hello\n";
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });

        await engine.KillAsync();
        Assert.Equal("hello\n", await web.GetStringAsync($"http://{engine.Gateway}:{port}/"));
        await engine.StartAsync();

        Assert.Equal("hello\n", await web.GetStringAsync($"http://{engine.Gateway}:{port}/"));
        var second = await _docker.RunAsync("run", "-d", "-p", $"{port}:80", "busybox", "sleep", "60");
        Assert.Contains("port is already allocated", second.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_ThatIsStopped_LeavesContainersRunning()
    {
        await _docker.RunDetachedAsync("--name", "stayer", "busybox", "sleep", "300");
        var before = await _docker.InspectAsync("stayer", "{{.State.Pid}} {{.State.StartedAt}}");

        await engine.StopAsync();
        Assert.True(Directory.Exists($"/proc/{before.Split(' ')[0]}"));
        await engine.StartAsync();

        Assert.Equal(before, await _docker.InspectAsync("stayer", "{{.State.Pid}} {{.State.StartedAt}}"));
    }

    private static string StartTime(string stat) => stat.Split(") ")[^1].Split(' ')[19];
}
