using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class StopTests(Engine engine) : EngineTest(engine)
{
    private const string Deaf = "trap '' TERM; while :; do sleep 0.05; done";

    [Fact]
    public async Task Stop_OfOneThatDoesNotListen_KillsAfterTheGrace()
    {
        await using var events = await EventLog.OpenAsync(Http);
        await Docker.RunDetachedAsync("--name", "deaf", "--network", "none", "busybox", "sh", "-c", Deaf);
        var waited = Stopwatch.StartNew();

        (await Docker.RunAsync("stop", "-t", "1", "deaf")).Succeeded();

        Assert.InRange(waited.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4));
        Assert.Equal("exited 137", await Docker.InspectAsync("deaf", "{{.State.Status}} {{.State.ExitCode}}"));
        await events.UntilAsync("deaf", "stop");
        Assert.Equal(["create", "start", "kill 15", "kill 9", "die 137", "stop"], events.Of("deaf"));
    }

    [Fact]
    public async Task Stop_WithoutAGrace_KillsAtOnce()
    {
        await Docker.RunDetachedAsync("--name", "deaf", "--network", "none", "busybox", "sh", "-c", Deaf);
        var waited = Stopwatch.StartNew();

        (await Docker.RunAsync("stop", "-t", "0", "deaf")).Succeeded();

        Assert.InRange(waited.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Stop_WithAnEndlessGrace_Waits()
    {
        await Docker.RunDetachedAsync("--name", "slow", "--network", "none", "busybox", "sh", "-c", "trap 'sleep 1; exit 8' TERM; while :; do sleep 0.05; done");

        Assert.Equal(HttpStatusCode.NoContent, (await Http.PostAsync("/containers/slow/stop?t=-1", null)).StatusCode);

        Assert.Equal("8", await Docker.InspectAsync("slow", "{{.State.ExitCode}}"));
    }

    [Theory]
    [InlineData("t=2147483647", HttpStatusCode.NoContent)]
    [InlineData("t=1000000000000", HttpStatusCode.BadRequest)]
    [InlineData("t=soon", HttpStatusCode.BadRequest)]
    public async Task Stop_WithAHugeGrace_OverflowsNowhere(string query, HttpStatusCode status)
    {
        await RunSleeperAsync("--name", "polite");

        Assert.Equal(status, (await Http.PostAsync($"/containers/polite/stop?{query}", null)).StatusCode);
    }

    [Fact]
    public async Task Stop_ByASignalOfItsOwn_SendsThat()
    {
        await Docker.RunDetachedAsync("--name", "usr", "--network", "none", "--stop-signal", "USR1", "busybox", "sh", "-c", "trap 'exit 11' USR1; trap 'exit 12' USR2; echo up; while :; do sleep 0.05; done");
        await UntilUpAsync(1);
        (await Docker.RunAsync("stop", "usr")).Succeeded();
        Assert.Equal("11", await Docker.InspectAsync("usr", "{{.State.ExitCode}}"));

        (await Docker.RunAsync("start", "usr")).Succeeded();
        await UntilUpAsync(2);
        Assert.Equal(HttpStatusCode.NoContent, (await Http.PostAsync("/v1.41/containers/usr/stop?signal=USR2", null)).StatusCode);
        Assert.Equal("11", await Docker.InspectAsync("usr", "{{.State.ExitCode}}"));

        (await Docker.RunAsync("start", "usr")).Succeeded();
        await UntilUpAsync(3);
        Assert.Equal(HttpStatusCode.NoContent, (await Http.PostAsync("/v1.42/containers/usr/stop?signal=USR2", null)).StatusCode);
        Assert.Equal("12", await Docker.InspectAsync("usr", "{{.State.ExitCode}}"));

        (await Docker.RunAsync("start", "usr")).Succeeded();
        await ExpectErrorAsync(await Http.PostAsync("/containers/usr/stop?signal=NOPE", null), HttpStatusCode.BadRequest, "NOPE");
        await ExpectErrorAsync(await Http.PostAsync("/containers/usr/kill?signal=NOPE", null), HttpStatusCode.BadRequest, "NOPE");

        // A signal that comes before its trap is none to a first process.
        Task UntilUpAsync(int times) => Patience.UntilAsync("it takes signals", async () => (await Docker.RunAsync("logs", "usr")).Lines.Length == times);
    }

    [Fact]
    public async Task Stop_ByManyAtOnce_IsOneStop()
    {
        await RunSleeperAsync("--name", "wanted");

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Http.PostAsync("/containers/wanted/stop", null)));

        Assert.All(answers, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.NoContent, HttpStatusCode.NotModified }));
        Assert.Equal(HttpStatusCode.NotModified, (await Http.PostAsync("/containers/wanted/stop", null)).StatusCode);
    }

    [Theory]
    [InlineData("stop", "exited")]
    [InlineData("restart", "running")]
    public async Task Stop_WhoseCallerLeaves_GoesOn(string operation, string state)
    {
        await Docker.RunDetachedAsync("--name", "left", "--network", "none", "busybox", "sh", "-c", "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.05; done");
        var started = await Docker.InspectAsync("left", "{{.State.StartedAt}}");
        using (var leaving = new CancellationTokenSource(300))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Http.PostAsync($"/containers/left/{operation}", null, leaving.Token));
        }

        await Patience.UntilAsync("it went on", async () =>
            await Docker.InspectAsync("left", "{{.State.Status}}") == state && (state != "running" || await Docker.InspectAsync("left", "{{.State.StartedAt}}") != started));
    }

    [Fact]
    public async Task Wait_OnEachCondition_AnswersWhenItHolds()
    {
        (await Docker.RunAsync("create", "--name", "waited", "busybox", "sh", "-c", "sleep 0.5; exit 6")).Succeeded();
        Assert.Equal(0, await WaitAsync("not-running"));
        var next = WaitAsync("next-exit");
        var removed = WaitAsync("removed");

        (await Docker.RunAsync("start", "waited")).Succeeded();
        var ended = await Task.WhenAll(WaitAsync("not-running"), WaitAsync("not-running"), next);
        Assert.Equal([6, 6, 6], ended);
        Assert.False(removed.IsCompleted);

        // Removed while somebody waits for something else: nobody is left waiting.
        var stranded = WaitAsync("next-exit");
        (await Docker.RunAsync("rm", "waited")).Succeeded();
        Assert.Equal((6, 6), (await removed, await stranded));
        await ExpectErrorAsync(await Http.PostAsync("/containers/waited/wait", null), HttpStatusCode.NotFound, "No such container: waited");

        async Task<int> WaitAsync(string condition)
        {
            using var answer = await Http.PostAsync($"/v1.51/containers/waited/wait?condition={condition}", null);
            using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            return document.RootElement.GetProperty("StatusCode").GetInt32();
        }
    }

    [Fact]
    public async Task Wait_OnAPausedContainer_WaitsForItsEnd()
    {
        await RunSleeperAsync("--name", "waited");
        (await Docker.RunAsync("pause", "waited")).Succeeded();
        var waiting = Docker.RunAsync("wait", "waited");
        Assert.NotEqual(waiting, await Task.WhenAny(waiting, Task.Delay(300)));

        (await Docker.RunAsync("stop", "waited")).Succeeded();

        Assert.Equal("0", (await waiting).Succeeded().Line);
    }

    [Fact]
    public async Task Remove_ByManyAtOnce_RemovesOnce()
    {
        await RunSleeperAsync("--name", "gone");

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Http.DeleteAsync("/containers/gone?force=1")));

        var others = answers.Where(answer => answer.StatusCode != HttpStatusCode.NoContent).ToList();
        Assert.Equal(answers.Length - 1, others.Count);
        Assert.All(others, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.NotFound, HttpStatusCode.Conflict }));
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }
}
