using System.Globalization;
using System.Net;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class HealthTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Container_WithACheck_IsStartingThenUnhealthyThenHealthy()
    {
        await using var events = await EventLog.OpenAsync(Http);
        await Docker.RunDetachedAsync(
            "--name", "checked", "--network", "none", "--health-cmd", "test -e /ok || { echo not yet; exit 3; }", "--health-interval", "500ms", "--health-retries", "2", "busybox", "sleep", "300");
        Assert.Equal("starting", await Docker.InspectAsync("checked", "{{.State.Health.Status}}"));
        Assert.EndsWith("(health: starting)", await StatusAsync(), StringComparison.Ordinal);

        await Docker.UntilAsync("checked", "{{.State.Health.Status}}", "unhealthy");
        Assert.EndsWith("(unhealthy)", await StatusAsync(), StringComparison.Ordinal);
        Assert.Equal("3 not yet", (await Docker.InspectAsync("checked", "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}")).Trim());

        (await Docker.RunAsync("exec", "checked", "touch", "/ok")).Succeeded();
        await Docker.UntilAsync("checked", "{{.State.Health.Status}} {{.State.Health.FailingStreak}}", "healthy 0");
        Assert.EndsWith("(healthy)", await StatusAsync(), StringComparison.Ordinal);
        Assert.Equal(["checked"], await NamesAsync("healthy"));
        Assert.Empty(await NamesAsync("unhealthy"));

        (await Docker.RunAsync("stop", "-t", "0", "checked")).Succeeded();
        await events.UntilAsync("checked", "die 137");
        Assert.Equal(["health_status: unhealthy", "health_status: healthy"], events.Of("checked").Where(line => line.StartsWith("health", StringComparison.Ordinal)));
        Assert.Equal(
            ["exec_create: /bin/sh -c test -e /ok || { echo not yet; exit 3; }", "exec_start: /bin/sh -c test -e /ok || { echo not yet; exit 3; }", "exec_die 3"],
            events.Of("checked").Where(line => line.StartsWith("exec", StringComparison.Ordinal)).Take(3));
    }

    [Fact]
    public async Task Probe_ThatTakesTooLong_IsEndedWithAllItStarted()
    {
        await Docker.RunDetachedAsync(
            "--name", "slow", "--network", "none", "--health-cmd", "echo waiting; sleep 100; true", "--health-interval", "200ms", "--health-timeout", "1s", "--health-retries", "2",
            "busybox", "sleep", "300");

        await Docker.UntilAsync("slow", "{{.State.Health.Status}}", "unhealthy");

        Assert.Equal(
            "-1 Health check exceeded timeout (1s): waiting",
            (await Docker.InspectAsync("slow", "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}")).Trim());
        var sleepers = (await Docker.RunAsync("exec", "slow", "sh", "-c", "ps | grep -c '[s]leep 100'")).Line;
        Assert.True(int.Parse(sleepers, CultureInfo.InvariantCulture) <= 2, $"{sleepers} processes of probes");
    }

    [Fact]
    public async Task Probe_ThatFloods_CostsNoMemory()
    {
        var before = Memory();
        await Docker.RunDetachedAsync(
            "--name", "loud", "--network", "none", "--health-cmd", "cat /dev/zero", "--health-interval", "100ms", "--health-timeout", "3s", "--health-retries", "1", "busybox", "sleep", "300");

        await Docker.UntilAsync("loud", "{{.State.Health.Status}}", "unhealthy");

        Assert.InRange(Memory() - before, long.MinValue, 64 << 20);
        var output = await Docker.InspectAsync("loud", "{{with index .State.Health.Log 0}}{{len .Output}}{{end}}");
        Assert.InRange(int.Parse(output, CultureInfo.InvariantCulture), 4096, 4096 + 50);
    }

    [Fact]
    public async Task Probe_OfACommandThatIsNotThere_Fails()
    {
        using var answer = await PostJsonAsync(
            "/containers/create?name=bare", """{"Image":"busybox","Cmd":["sleep","300"],"Healthcheck":{"Test":["CMD","/nowhere"],"Interval":200000000,"Retries":1},"HostConfig":{"NetworkMode":"none"}}""");
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        (await Docker.RunAsync("start", "bare")).Succeeded();

        await Docker.UntilAsync("bare", "{{.State.Health.Status}}", "unhealthy");

        Assert.Contains("/nowhere", await Docker.InspectAsync("bare", "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PausedContainer_IsNotProbed()
    {
        await Docker.RunDetachedAsync("--name", "paused", "--network", "none", "--health-cmd", "true", "--health-interval", "200ms", "busybox", "sleep", "300");
        await Docker.UntilAsync("paused", "{{.State.Health.Status}}", "healthy");

        (await Docker.RunAsync("pause", "paused")).Succeeded();
        await using (var events = await EventLog.OpenAsync(Http))
        {
            await Task.Delay(700);

            // One that was under way when the pause came still ends.
            Assert.DoesNotContain(events.Of("paused"), line => line.StartsWith("exec_create", StringComparison.Ordinal) || line.StartsWith("exec_start", StringComparison.Ordinal));
        }

        (await Docker.RunAsync("unpause", "paused")).Succeeded();
        await Docker.UntilAsync("paused", "{{.State.Health.Status}}", "healthy");
    }

    [Fact]
    public async Task Container_WithoutACheck_HasNoHealth()
    {
        await RunSleeperAsync("--name", "plain", "--no-healthcheck");

        Assert.Equal("<nil>", await Docker.InspectAsync("plain", "{{.State.Health}}"));
        Assert.Equal(["plain"], await NamesAsync("none"));
        Assert.Contains("Unrecognised filter value for health: ill", (await Docker.RunAsync("ps", "-f", "health=ill")).Err, StringComparison.Ordinal);
    }

    private async Task<string> StatusAsync() => (await Docker.RunAsync("ps", "--format", "{{.Status}}")).Succeeded().Line;

    private async Task<string[]> NamesAsync(string health) => (await Docker.RunAsync("ps", "-f", "health=" + health, "--format", "{{.Names}}")).Succeeded().Lines;

    private long Memory() => long.Parse(
        File.ReadLines($"/proc/{Engine.ProcessId}/status").Single(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1024;
}

public sealed class HealthAdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Health_AfterTheAgentWasKilled_BeginsAnew()
    {
        await _docker.RunDetachedAsync("--name", "checked", "--network", "none", "--health-cmd", "true", "--health-interval", "2s", "busybox", "sleep", "300");
        await _docker.UntilAsync("checked", "{{.State.Health.Status}}", "healthy");

        await engine.KillAsync();
        await engine.StartAsync();

        Assert.Equal("starting", await _docker.InspectAsync("checked", "{{.State.Health.Status}}"));
        await _docker.UntilAsync("checked", "{{.State.Health.Status}}", "healthy");
    }
}
