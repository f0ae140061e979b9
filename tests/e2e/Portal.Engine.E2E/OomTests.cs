using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class OomTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task FirstProcess_KilledForMemory_IsToldBeforeTheEnd()
    {
        await using var events = await EventLog.OpenAsync(Http);

        var run = await Docker.RunAsync("run", "--name", "greedy", "--network", "none", "-m", "20m", "--memory-swap", "20m", "busybox", "tail", "/dev/zero");

        Assert.Equal(137, run.ExitCode);
        Assert.Equal("exited 137 true", await Docker.InspectAsync("greedy", "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}"));
        await events.UntilAsync("greedy", "die 137");
        Assert.Equal(["start", "oom", "die 137"], events.Of("greedy").Where(line => line is "start" or "oom" || line.StartsWith("die", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Child_KilledForMemory_IsToldWhileTheContainerRunsOn()
    {
        await using var events = await EventLog.OpenAsync(Http);
        await Docker.RunDetachedAsync(
            "--name", "parent", "--network", "none", "-m", "20m", "--memory-swap", "20m", "busybox", "sh", "-c", "[ -e /go ] && exec sleep 300; tail /dev/zero; while [ ! -e /go ]; do sleep 0.1; done; exit 5");

        await events.UntilAsync("parent", "oom");
        Assert.Equal("running true", await Docker.InspectAsync("parent", "{{.State.Status}} {{.State.OOMKilled}}"));

        (await Docker.RunAsync("exec", "parent", "touch", "/go")).Succeeded();
        await Docker.UntilAsync("parent", "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}", "exited 5 true");
        Assert.Single(events.Of("parent"), "oom");

        // The next run has done nothing yet.
        (await Docker.RunAsync("start", "parent")).Succeeded();
        Assert.Equal("running false", await Docker.InspectAsync("parent", "{{.State.Status}} {{.State.OOMKilled}}"));
    }
}

public sealed class OomAdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Kill_UnderALaterAgent_IsSeenToo()
    {
        await _docker.RunDetachedAsync(
            "--name", "parent", "--network", "none", "-m", "20m", "--memory-swap", "20m", "busybox", "sh", "-c", "while [ ! -e /go ]; do sleep 0.1; done; tail /dev/zero; sleep 300");
        await engine.KillAsync();
        await engine.StartAsync();
        await using var events = await EventLog.OpenAsync(engine.Http);

        (await _docker.RunAsync("exec", "parent", "touch", "/go")).Succeeded();

        await events.UntilAsync("parent", "oom");
        Assert.Equal("running true", await _docker.InspectAsync("parent", "{{.State.Status}} {{.State.OOMKilled}}"));
    }
}
