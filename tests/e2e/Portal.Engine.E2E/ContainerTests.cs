using System.Net;

namespace Portal.Engine.E2E;

public sealed class ContainerTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Ps_WithFilters_ListsWhatMatches()
    {
        await RunSleeperAsync("--name", "red", "--label", "team=a");
        await RunSleeperAsync("--name", "blue", "--label", "team=b");
        await Docker.RunAsync("run", "--name", "gone", "--label", "team=a", "busybox", "sh", "-c", "exit 4");

        Assert.Equal(["blue", "red"], await NamesAsync());
        Assert.Equal(["blue", "gone", "red"], await NamesAsync("-a"));
        Assert.Equal(["gone"], await NamesAsync("-a", "-f", "status=exited"));
        Assert.Equal(["gone"], await NamesAsync("-a", "-f", "exited=4"));
        Assert.Equal(["gone", "red"], await NamesAsync("-a", "-f", "label=team=a"));
        Assert.Equal(["red"], await NamesAsync("-f", "label=team=a"));
        Assert.Equal(["blue"], await NamesAsync("-f", "name=blu"));
        Assert.Equal(["blue", "gone", "red"], await NamesAsync("-a", "-f", "ancestor=busybox"));
        Assert.Equal(["gone"], await NamesAsync("-l"));
    }

    [Fact]
    public async Task Inspect_ByTemplate_TellsWhatWasAskedFor()
    {
        var id = await RunSleeperAsync("--name", "asked", "-e", "A=1", "--label", "k=v");

        Assert.Equal("/asked busybox v bridge no", await Docker.InspectAsync(
            id[..12], "{{.Name}} {{.Config.Image}} {{.Config.Labels.k}} {{.HostConfig.NetworkMode}} {{.HostConfig.RestartPolicy.Name}}"));
        Assert.Contains("A=1", await Docker.InspectAsync("asked", "{{json .Config.Env}}"), StringComparison.Ordinal);
        var pid = await Docker.InspectAsync("asked", "{{.State.Pid}}");
        Assert.True(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task Run_HasTheMarkOfAContainer_WhichIsNoChangeOfIt()
    {
        await Docker.RunAsync("run", "--name", "marked", "busybox", "sh", "-c", "stat -c '%s %a %u' /.dockerenv; touch /made");

        Assert.Equal("0 755 0", (await Docker.RunAsync("logs", "marked")).Line);
        Assert.Equal("A /made", (await Docker.RunAsync("diff", "marked")).Line);
    }

    [Fact]
    public async Task Create_ThenStart_RunsOnce()
    {
        var id = (await Docker.RunAsync("create", "--name", "later", "busybox", "echo", "ran")).Succeeded().Line;
        Assert.Equal("created", await Docker.InspectAsync(id, "{{.State.Status}}"));

        Assert.Equal("ran", (await Docker.RunAsync("start", "-a", "later")).Succeeded().Line);

        Assert.Equal("exited 0", await Docker.InspectAsync(id, "{{.State.Status}} {{.State.ExitCode}}"));
    }

    [Fact]
    public async Task Start_OfARunningContainer_IsNotModified()
    {
        var id = await RunSleeperAsync();
        using var answer = await Http.PostAsync($"/containers/{id}/start", null);

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task Start_AfterAnEnd_KeepsFilesAndLog()
    {
        var run = await Docker.RunAsync("run", "--name", "twice", "busybox", "sh", "-c", "echo x >> /count; cat /count | wc -l");
        Assert.Equal("1", run.Succeeded().Line);

        Assert.Equal("2", (await Docker.RunAsync("start", "-a", "twice")).Succeeded().Line);
        Assert.Equal(["1", "2"], (await Docker.RunAsync("logs", "twice")).Succeeded().Lines);
    }

    [Fact]
    public async Task Stop_OfAProcessThatListens_LetsItEndItself()
    {
        await Docker.RunDetachedAsync("--name", "polite", "busybox", "sh", "-c", "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.1; done");
        await UntilLoggedAsync("polite", "up");

        (await Docker.RunAsync("stop", "polite")).Succeeded();

        Assert.Equal("exited 5", await Docker.InspectAsync("polite", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal(["up", "bye"], (await Docker.RunAsync("logs", "polite")).Lines);
    }

    [Fact]
    public async Task Stop_OfAProcessWithDefaultSignals_EndsIt143()
    {
        // Not the first process of its namespace (--init is), so that TERM's default action applies.
        await Docker.RunDetachedAsync("--init", "--name", "plain", "busybox", "sleep", "300");

        (await Docker.RunAsync("stop", "plain")).Succeeded();

        Assert.Equal("exited 143", await Docker.InspectAsync("plain", "{{.State.Status}} {{.State.ExitCode}}"));
    }

    [Fact]
    public async Task Stop_OfAProcessThatIgnoresTerm_KillsItAfterTheTimeout()
    {
        await Docker.RunDetachedAsync("--name", "deaf", "busybox", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done");

        (await Docker.RunAsync("stop", "-t", "1", "deaf")).Succeeded();

        Assert.Equal("exited 137", await Docker.InspectAsync("deaf", "{{.State.Status}} {{.State.ExitCode}}"));
    }

    [Fact]
    public async Task Stop_OfAStoppedContainer_IsNotModified()
    {
        await Docker.RunAsync("run", "--name", "done", "busybox", "true");
        using var answer = await Http.PostAsync("/containers/done/stop", null);

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task Kill_WithASignal_DeliversIt()
    {
        await Docker.RunDetachedAsync("--name", "signalled", "busybox", "sh", "-c", "trap 'echo usr1' USR1; echo up; while :; do sleep 0.1; done");
        await UntilLoggedAsync("signalled", "up");

        (await Docker.RunAsync("kill", "-s", "USR1", "signalled")).Succeeded();

        await UntilLoggedAsync("signalled", "usr1");
        Assert.Equal("running", await Docker.InspectAsync("signalled", "{{.State.Status}}"));
    }

    [Fact]
    public async Task Kill_OfARunningContainer_EndsIt137()
    {
        await RunSleeperAsync("--name", "killed");

        (await Docker.RunAsync("kill", "killed")).Succeeded();

        await Docker.UntilAsync("killed", "{{.State.Status}} {{.State.ExitCode}}", "exited 137");
    }

    [Fact]
    public async Task Kill_OfAStoppedContainer_IsAConflict()
    {
        await Docker.RunAsync("run", "--name", "still", "busybox", "true");

        var kill = await Docker.RunAsync("kill", "still");

        Assert.Equal(1, kill.ExitCode);
        Assert.Contains("is not running", kill.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restart_OfARunningContainer_GivesItANewProcess()
    {
        await RunSleeperAsync("--name", "anew");
        var before = await Docker.InspectAsync("anew", "{{.State.Pid}} {{.State.StartedAt}}");

        (await Docker.RunAsync("restart", "anew")).Succeeded();

        Assert.Equal("running", await Docker.InspectAsync("anew", "{{.State.Status}}"));
        Assert.NotEqual(before, await Docker.InspectAsync("anew", "{{.State.Pid}} {{.State.StartedAt}}"));
    }

    [Fact]
    public async Task Rm_OfARunningContainer_NeedsForce()
    {
        await RunSleeperAsync("--name", "busy");

        var refused = await Docker.RunAsync("rm", "busy");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("container is running: stop the container before removing or force remove", refused.Err, StringComparison.Ordinal);

        (await Docker.RunAsync("rm", "-f", "busy")).Succeeded();
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }

    [Fact]
    public async Task Wait_ForARunningContainer_PrintsItsExitCode()
    {
        await Docker.RunDetachedAsync("--name", "soon", "busybox", "sh", "-c", "sleep 0.5; exit 9");

        Assert.Equal("9", (await Docker.RunAsync("wait", "soon")).Succeeded().Line);
    }

    [Theory]
    [InlineData("inspect", "container", "inspect", "nobody")]
    [InlineData("start", "start", "nobody")]
    [InlineData("stop", "stop", "nobody")]
    [InlineData("kill", "kill", "nobody")]
    [InlineData("logs", "logs", "nobody")]
    [InlineData("rm", "rm", "nobody")]
    [InlineData("exec", "exec", "nobody", "true")]
    public async Task Command_OnAnUnknownContainer_SaysSo(string _, params string[] arguments)
    {
        var result = await Docker.RunAsync(arguments);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("No such container: nobody", result.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FiftyContainers_StartedAtOnce_AllRun()
    {
        var starts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Docker.RunAsync("run", "-d", "--name", $"many{i}", "busybox", "sleep", "300")));

        Assert.All(starts, s => s.Succeeded());
        Assert.Equal(50, (await Docker.RunAsync("ps", "-q")).Lines.Length);
        var addresses = (await Docker.RunAsync(["container", "inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", .. starts.Select(s => s.Line)])).Lines;
        Assert.Equal(50, addresses.Distinct().Count());
    }

    private async Task<string[]> NamesAsync(params string[] options) =>
        [.. (await Docker.RunAsync(["ps", "--format", "{{.Names}}", .. options])).Succeeded().Lines.Order(StringComparer.Ordinal)];

    private Task UntilLoggedAsync(string container, string line) =>
        Portal.E2E.Patience.UntilAsync($"{container} logs {line}", async () => (await Docker.RunAsync("logs", container)).Lines.Contains(line));
}
