namespace Portal.Engine.E2E;

public sealed class ExecTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Exec_InARunningContainer_KeepsStreamsApartAndPassesTheExitCode()
    {
        await RunSleeperAsync("--name", "host");

        var exec = await Docker.RunAsync("exec", "host", "sh", "-c", "echo out; echo err >&2; exit 3");

        Assert.Equal((3, "out\n", "err\n"), (exec.ExitCode, exec.Out, exec.Err));
    }

    [Fact]
    public async Task Exec_WithEnvironmentUserAndDirectory_ShowsThemInside()
    {
        await RunSleeperAsync("--name", "host");

        var exec = await Docker.RunAsync("exec", "-e", "COLOUR=blue", "-u", "nobody", "-w", "/var/tmp", "host", "sh", "-c", "echo $COLOUR $(id -un) $(pwd)");

        Assert.Equal("blue nobody /var/tmp", exec.Succeeded().Line);
    }

    [Fact]
    public async Task Exec_WithInput_ReadsItToItsEnd()
    {
        await RunSleeperAsync("--name", "host");

        Assert.Equal("one\ntwo\n", (await Docker.RunWithInputAsync("one\ntwo\n", "exec", "-i", "host", "cat")).Succeeded().Out);
    }

    [Fact]
    public async Task Exec_OnATerminal_IsATerminal()
    {
        await RunSleeperAsync("--name", "host");

        var exec = await Docker.RunOnTerminalAsync("test -t 0 && echo sum $((40+2))\nexit 7\n", "exec", "-it", "host", "sh");

        Assert.Contains("sum 42", exec.Out, StringComparison.Ordinal);
        Assert.Equal(7, exec.ExitCode);
    }

    [Fact]
    public async Task Exec_Detached_RunsInTheBackground()
    {
        await RunSleeperAsync("--name", "host");

        (await Docker.RunAsync("exec", "-d", "host", "touch", "/made")).Succeeded();

        await Portal.E2E.Patience.UntilAsync("the detached exec has run", async () => (await Docker.RunAsync("exec", "host", "test", "-e", "/made")).ExitCode == 0);
    }

    [Fact]
    public async Task Exec_OfAMissingCommand_Ends127()
    {
        await RunSleeperAsync("--name", "host");

        var exec = await Docker.RunAsync("exec", "host", "/nowhere");

        Assert.Equal(127, exec.ExitCode);
        Assert.Contains("/nowhere", exec.Out + exec.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_InAStoppedContainer_IsAConflict()
    {
        await Docker.RunAsync("run", "--name", "ended", "busybox", "true");

        var exec = await Docker.RunAsync("exec", "ended", "true");

        Assert.Equal(1, exec.ExitCode);
        Assert.Contains("is not running", exec.Err, StringComparison.Ordinal);
    }
}
