using System.Globalization;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class RestartTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task OnFailure_WithALimit_IsTriedSoOften()
    {
        await Docker.RunDetachedAsync("--name", "fails", "--network", "none", "--restart", "on-failure:2", "busybox", "sh", "-c", "echo run; exit 3");

        await Docker.UntilAsync("fails", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}", "exited 3 2");
        Assert.Equal(3, (await Docker.RunAsync("logs", "fails")).Lines.Length);

        // By hand it begins anew.
        (await Docker.RunAsync("start", "fails")).Succeeded();
        await Docker.UntilAsync("fails", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}", "exited 3 2");
    }

    [Fact]
    public async Task Restarting_Stopped_StaysDown()
    {
        await Docker.RunDetachedAsync("--name", "fails", "--network", "none", "--restart", "always", "busybox", "false");
        await Docker.UntilAsync("fails", "{{.State.Status}}", "restarting");

        (await Docker.RunAsync("stop", "fails")).Succeeded();

        var count = await Docker.InspectAsync("fails", "{{.State.Status}} {{.RestartCount}}");
        Assert.StartsWith("exited", count, StringComparison.Ordinal);
        await Task.Delay(1500);
        Assert.Equal(count, await Docker.InspectAsync("fails", "{{.State.Status}} {{.RestartCount}}"));
    }

    [Fact]
    public async Task Always_KilledByItself_RunsAgain()
    {
        await Docker.RunDetachedAsync("--name", "again", "--network", "none", "--restart", "always", "busybox", "sh", "-c", "sleep 0.3; exit 0");

        await Patience.UntilAsync("it was started again", async () => int.Parse(await Docker.InspectAsync("again", "{{.RestartCount}}"), CultureInfo.InvariantCulture) >= 2);

        (await Docker.RunAsync("kill", "again")).ToString();
        (await Docker.RunAsync("rm", "-f", "again")).Succeeded();
    }
}

public sealed class BootTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task PowerCut_StartsWhatIsToRun_InTheOrderOfCreation()
    {
        string[] policies = ["no", "always", "unless-stopped", "on-failure:5", "always", "unless-stopped"];
        for (var i = 0; i < policies.Length; i++)
        {
            await _docker.RunDetachedAsync("--name", $"box{i}", "--restart", policies[i], "busybox", "sleep", "300");
        }

        (await _docker.RunAsync("stop", "-t", "0", "box4", "box5")).Succeeded();
        await PowerCutAsync();
        await engine.StartAsync();

        await using var events = await EventLog.OpenAsync(engine.Http, "?since=1");
        foreach (var name in (string[])["box1", "box2", "box3", "box4"])
        {
            await _docker.UntilAsync(name, "{{.State.Status}}", "running");
        }

        // One that was stopped by hand stays down, but "always" means also then.
        Assert.Equal("exited 255", await _docker.InspectAsync("box0", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal("exited 137", await _docker.InspectAsync("box5", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal("running 1", await _docker.InspectAsync("box3", "{{.State.Status}} {{.RestartCount}}"));
        await Patience.UntilAsync("all starts were told", () => Started().Length == 4);

        // Two at a time, so neighbours may change places.
        var places = Started().Select(name => int.Parse(name[3..], CultureInfo.InvariantCulture)).ToArray();
        Assert.True(Array.IndexOf(places, 1) < Array.IndexOf(places, 4), string.Join(' ', places));

        string[] Started() =>
        [
            .. from e in events.All
               where e.GetProperty("Action").GetString() == "start" && e.GetProperty("Type").GetString() == "container"
               select e.GetProperty("Actor").GetProperty("Attributes").GetProperty("name").GetString()!,
        ];
    }

    [Fact]
    public async Task Halt_BeforeTheMachineGoesDown_EndsInOrderAndGoesOnAfterIt()
    {
        const string Listens = "trap 'exit 7' TERM; touch /ready; while :; do sleep 0.1; done";
        await _docker.RunDetachedAsync("--name", "kept", "--restart", "unless-stopped", "busybox", "sh", "-c", Listens);
        await _docker.RunDetachedAsync("--name", "once", "--network", "none", "busybox", "sh", "-c", Listens);
        await _docker.RunDetachedAsync("--name", "deaf", "--network", "none", "--restart", "always", "--stop-timeout", "1", "busybox", "sleep", "300");
        await _docker.RunDetachedAsync("--name", "brief", "--network", "none", "--rm", "--stop-timeout", "1", "busybox", "sleep", "300");
        await _docker.RunDetachedAsync("--name", "down", "--network", "none", "--restart", "unless-stopped", "busybox", "sleep", "300");
        (await _docker.RunAsync("stop", "-t", "0", "down")).Succeeded();
        foreach (var name in (string[])["kept", "once"])
        {
            await Patience.UntilAsync("it listens", async () => (await _docker.RunAsync("exec", name, "test", "-e", "/ready")).ExitCode == 0);
        }

        await engine.StopAsync();
        var halt = await engine.RunVerbAsync("halt");

        Assert.True(halt.ExitCode == 0, halt.Err);
        Assert.DoesNotContain(Ledger.Mounts(engine.Root), mount => mount.StartsWith(engine.DataRoot + "/", StringComparison.Ordinal));
        Assert.DoesNotContain(Ledger.Processes(engine.Root), p => p.Contains("conmon", StringComparison.Ordinal));
        await PowerCutAsync([]);
        await engine.StartAsync();
        await _docker.UntilAsync("kept", "{{.State.Status}} {{.State.ExitCode}}", "running 0");
        await _docker.UntilAsync("deaf", "{{.State.Status}}", "running");
        Assert.Equal("exited 7", await _docker.InspectAsync("once", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal("exited 137", await _docker.InspectAsync("down", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal(["deaf", "down", "kept", "once"], (await _docker.RunAsync("ps", "-a", "--format", "{{.Names}}")).Lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task AgentKilled_WhileAContainerWaitsToBeRestarted_GoesOnWaiting()
    {
        await _docker.RunDetachedAsync("--name", "fails", "--network", "none", "--restart", "on-failure:9", "busybox", "false");

        // 100 ms, 200, 400, 800, 1600: by now it waits for more than three seconds.
        await Patience.UntilAsync("it has failed six times", async () => await _docker.InspectAsync("fails", "{{.State.Status}} {{.RestartCount}}") == "restarting 6");
        await engine.KillAsync();
        await engine.StartAsync();

        // Neither at once nor from the first pause on.
        Assert.Equal("restarting 6", await _docker.InspectAsync("fails", "{{.State.Status}} {{.RestartCount}}"));
        await Patience.UntilAsync("it was started again", async () => await _docker.InspectAsync("fails", "{{.RestartCount}}") == "7");
    }

    [Fact]
    public async Task AgentKilled_LeavesAStoppedContainerDown_UnlessItIsAlwaysToRun()
    {
        await _docker.RunDetachedAsync("--name", "down", "--network", "none", "--restart", "unless-stopped", "busybox", "sleep", "300");
        await _docker.RunDetachedAsync("--name", "ever", "--network", "none", "--restart", "always", "busybox", "sleep", "300");
        (await _docker.RunAsync("stop", "-t", "0", "down", "ever")).Succeeded();

        await engine.KillAsync();
        await engine.StartAsync();

        await _docker.UntilAsync("ever", "{{.State.Status}}", "running");
        Assert.Equal("exited", await _docker.InspectAsync("down", "{{.State.Status}}"));
    }

    /// <summary>All processes are gone, and so is what was on a tmpfs.</summary>
    private async Task PowerCutAsync()
    {
        var pids = (await _docker.RunAsync(["container", "inspect", "--format", "{{.State.Pid}}", .. (await _docker.RunAsync("ps", "-q")).Lines])).Lines;
        var monitors = Ledger.Processes(engine.Root).Where(p => p.Contains("conmon", StringComparison.Ordinal)).Select(p => p.Split(' ')[0]).ToArray();
        await engine.KillAsync();
        await ChildProcess.RunAsync("kill", ["-9", .. monitors]);
        await PowerCutAsync(pids);
    }

    private async Task PowerCutAsync(string[] pids)
    {
        await ChildProcess.RunAsync("kill", ["-9", .. pids]);
        await Patience.UntilAsync("all are gone", () => !pids.Any(pid => Directory.Exists($"/proc/{pid}/fd")));
        foreach (var mount in Ledger.Mounts(engine.Root).Reverse().ToArray())
        {
            await ChildProcess.RunAsync("umount", ["-l", mount]);
        }

        Directory.Delete(engine.RunRoot, recursive: true);
        Directory.CreateDirectory(engine.RunRoot);
    }
}

public sealed class MonitorTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Monitor_Killed_IsToldAndTheContainerRunsOn(bool withTheAgent)
    {
        var id = await _docker.RunDetachedAsync("--name", "orphan", "--network", "none", "busybox", "sh", "-c", "echo before; exec sleep 300");
        await Patience.UntilAsync("it has written", async () => (await _docker.RunAsync("logs", "orphan")).Out == "before\n");
        var monitor = Ledger.Processes(engine.Root).Single(p => p.Contains("conmon", StringComparison.Ordinal) && p.Contains(id, StringComparison.Ordinal)).Split(' ')[0];
        var pid = await _docker.InspectAsync("orphan", "{{.State.Pid}}");

        if (withTheAgent)
        {
            await engine.KillAsync();
        }

        (await ChildProcess.RunAsync("kill", ["-9", monitor])).Succeeded();
        if (withTheAgent)
        {
            await engine.StartAsync();
        }

        await Patience.UntilAsync(
            "it is flagged", async () => (await _docker.InspectAsync("orphan", "{{.State.Error}}")).Contains("monitor", StringComparison.Ordinal), TimeSpan.FromSeconds(5));
        Assert.Equal($"running {pid}", await _docker.InspectAsync("orphan", "{{.State.Status}} {{.State.Pid}}"));
        var logs = await _docker.RunAsync("logs", "-f", "orphan");
        Assert.Equal((1, "before\n"), (logs.ExitCode, logs.Out));
        Assert.Contains("monitor", logs.Err, StringComparison.Ordinal);
        Assert.NotEqual(0, (await _docker.RunAsync("attach", "orphan")).ExitCode);
        Assert.DoesNotContain(Ledger.Processes(engine.Root), p => p.Contains("conmon", StringComparison.Ordinal) && p.Contains(id, StringComparison.Ordinal));
        Assert.Equal("in", (await _docker.RunAsync("exec", "orphan", "echo", "in")).Succeeded().Line);

        (await _docker.RunAsync("stop", "-t", "1", "orphan")).Succeeded();
        Assert.Equal("exited 255", await _docker.InspectAsync("orphan", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Contains("exit code is lost", await _docker.InspectAsync("orphan", "{{.State.Error}}"), StringComparison.Ordinal);
        (await _docker.RunAsync("start", "orphan")).Succeeded();
        Assert.Equal("running", await _docker.InspectAsync("orphan", "{{.State.Status}}{{.State.Error}}"));
    }
}
