using System.Net;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class PauseTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Container_WhilePaused_StandsStillAndThenGoesOn()
    {
        await Docker.RunDetachedAsync("--name", "ticker", "busybox", "sh", "-c", "while :; do date +%s%N; sleep 0.05; done");
        await Patience.UntilAsync("it writes", async () => (await Docker.RunAsync("logs", "ticker")).Lines.Length > 2);

        (await Docker.RunAsync("pause", "ticker")).Succeeded();
        Assert.Equal("paused true true", await Docker.InspectAsync("ticker", "{{.State.Status}} {{.State.Paused}} {{.State.Running}}"));
        Assert.EndsWith("(Paused)", (await Docker.RunAsync("ps", "--filter", "status=paused", "--format", "{{.Status}}")).Succeeded().Line, StringComparison.Ordinal);
        var lines = (await Docker.RunAsync("logs", "ticker")).Lines.Length;
        await Task.Delay(300);
        Assert.Equal(lines, (await Docker.RunAsync("logs", "ticker")).Lines.Length);

        (await Docker.RunAsync("unpause", "ticker")).Succeeded();
        await Patience.UntilAsync("it writes again", async () => (await Docker.RunAsync("logs", "ticker")).Lines.Length > lines + 2);
        Assert.Equal("running", await Docker.InspectAsync("ticker", "{{.State.Status}}"));
    }

    [Fact]
    public async Task PausedContainer_RefusesWhatItCannotDo()
    {
        var id = await RunSleeperAsync("--name", "frozen");
        (await Docker.RunAsync("pause", "frozen")).Succeeded();

        await ExpectErrorAsync(await Http.PostAsync("/containers/frozen/pause", null), HttpStatusCode.Conflict, $"Container {id} is already paused");
        await ExpectErrorAsync(await Http.PostAsync("/containers/frozen/start", null), HttpStatusCode.Conflict, "cannot start a paused container, try unpause instead");
        await ExpectErrorAsync(
            await PostJsonAsync("/containers/frozen/exec", """{"Cmd":["true"]}"""), HttpStatusCode.Conflict, "frozen is paused, unpause the container before exec");
        await ExpectErrorAsync(
            await Http.PostAsync("/containers/frozen/attach?stream=1&stdout=1", null), HttpStatusCode.Conflict, "frozen is paused, unpause the container before attach");
        await ExpectErrorAsync(await Http.DeleteAsync("/containers/frozen"), HttpStatusCode.Conflict, "paused");
        (await Docker.RunAsync("unpause", "frozen")).Succeeded();
        await ExpectErrorAsync(await Http.PostAsync("/containers/frozen/unpause", null), HttpStatusCode.Conflict, $"Container {id} is not paused");
        (await Docker.RunAsync("stop", "frozen")).Succeeded();
        await ExpectErrorAsync(await Http.PostAsync("/containers/frozen/pause", null), HttpStatusCode.Conflict, $"Container {id} is not running");
    }

    [Theory]
    [InlineData("stop", "exited 7")]
    [InlineData("kill", "exited 137")]
    [InlineData("restart", "running 0")]
    public async Task PausedContainer_ThatIsToEnd_Ends(string command, string state)
    {
        await Docker.RunDetachedAsync("--name", "frozen", "busybox", "sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done");
        (await Docker.RunAsync("pause", "frozen")).Succeeded();

        (await Docker.RunAsync(command, "frozen")).Succeeded();

        Assert.Equal(state, await Docker.InspectAsync("frozen", "{{.State.Status}} {{.State.ExitCode}}"));
    }

    [Fact]
    public async Task PausedContainer_RemovedByForce_LeavesNothing()
    {
        var id = await RunSleeperAsync("--name", "frozen");
        (await Docker.RunAsync("pause", "frozen")).Succeeded();

        (await Docker.RunAsync("rm", "-f", "frozen")).Succeeded();

        Assert.DoesNotContain(Ledger.Mounts(Engine.Root), m => m.Contains(id, StringComparison.Ordinal));
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }

    [Fact]
    public async Task Pausing_IsToldByEvents()
    {
        await using var events = Docker.Start("events", "--filter", "container=frozen", "--filter", "event=pause", "--filter", "event=unpause", "--format", "{{.Action}}");
        await RunSleeperAsync("--name", "frozen");
        // The stream has no sign of being open: pause until it tells.
        var first = events.ReadLineAsync();
        while (!first.IsCompleted)
        {
            (await Docker.RunAsync("pause", "frozen")).Succeeded();
            (await Docker.RunAsync("unpause", "frozen")).Succeeded();
            await Task.WhenAny(first, Task.Delay(200));
        }

        var one = await first;
        var two = await events.ReadLineAsync();
        Assert.Equal(["pause", "unpause"], new[] { one, two }.Order());
    }
}

public sealed class PauseAdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task PausedContainer_AfterTheAgentWasKilled_IsStillPausedAndCanGoOn()
    {
        await _docker.RunDetachedAsync("--name", "frozen", "busybox", "sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done");
        (await _docker.RunAsync("pause", "frozen")).Succeeded();

        await engine.KillAsync();
        await engine.StartAsync();

        Assert.Equal("paused", await _docker.InspectAsync("frozen", "{{.State.Status}}"));
        (await _docker.RunAsync("unpause", "frozen")).Succeeded();
        (await _docker.RunAsync("stop", "frozen")).Succeeded();
        Assert.Equal("exited 7", await _docker.InspectAsync("frozen", "{{.State.Status}} {{.State.ExitCode}}"));
    }
}
