namespace Portal.Engine.E2E;

public sealed class RunTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Run_InTheForeground_KeepsStreamsApartAndPassesTheExitCode()
    {
        var run = await Docker.RunAsync("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3");

        Assert.Equal((3, "out\n", "err\n"), (run.ExitCode, run.Out, run.Err));
    }

    [Fact]
    public async Task Run_WithALargeOutput_LosesNothing()
    {
        var run = (await Docker.RunAsync("run", "--rm", "busybox", "seq", "1", "200000")).Succeeded();

        Assert.Equal(200_000, run.Lines.Length);
        Assert.Equal("200000", run.Lines[^1]);
    }

    [Fact]
    public async Task Run_WithInput_ReadsItToItsEnd()
    {
        Assert.Equal("one\ntwo\n", (await Docker.RunWithInputAsync("one\ntwo\n", "run", "-i", "--rm", "busybox", "cat")).Succeeded().Out);
    }

    [Fact]
    public async Task Run_OnATerminal_IsATerminalAndEchoes()
    {
        var run = await Docker.RunOnTerminalAsync("test -t 0 && echo sum $((40+2))\nexit 7\n", "run", "--rm", "-it", "busybox", "sh");

        Assert.Contains("sum 42", run.Out, StringComparison.Ordinal);
        Assert.Equal(7, run.ExitCode);
    }

    [Fact]
    public async Task Run_Detached_PrintsTheIdAndRuns()
    {
        var id = await RunSleeperAsync("--name", "detached");

        Assert.Matches("^[0-9a-f]{64}$", id);
        Assert.Equal($"{id} running", await Docker.InspectAsync("detached", "{{.Id}} {{.State.Status}}"));
    }

    [Fact]
    public async Task Run_WithRm_IsGoneWhenItHasEnded()
    {
        (await Docker.RunAsync("run", "--rm", "--name", "brief", "busybox", "true")).Succeeded();

        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
        Assert.DoesNotContain(Portal.E2E.Ledger.Mounts(Engine.Root), m => m.Contains("merged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_WithEnvironmentUserDirectoryAndHostname_ShowsThemInside()
    {
        var run = await Docker.RunAsync(
            "run", "--rm", "-e", "COLOUR=blue", "-u", "nobody", "-w", "/var/tmp", "-h", "box", "busybox", "sh", "-c", "echo $COLOUR $(id -un) $(pwd) $(hostname)");

        Assert.Equal("blue nobody /var/tmp box", run.Succeeded().Line);
    }

    [Fact]
    public async Task Run_WithABindMount_SharesFilesWithTheHost()
    {
        var shared = Directory.CreateDirectory(Path.Combine(Engine.Root, "shared")).FullName;
        await File.WriteAllTextAsync(Path.Combine(shared, "in"), "host\n");

        var run = await Docker.RunAsync("run", "--rm", "-v", $"{shared}:/x", "busybox", "sh", "-c", "cat /x/in; echo container > /x/out");
        var readOnly = await Docker.RunAsync("run", "--rm", "-v", $"{shared}:/x:ro", "busybox", "touch", "/x/no");

        Assert.Equal("host", run.Succeeded().Line);
        Assert.Equal("container\n", await File.ReadAllTextAsync(Path.Combine(shared, "out")));
        Assert.Equal(1, readOnly.ExitCode);
        Assert.Contains("Read-only file system", readOnly.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithANamedVolume_FindsItsFilesAgain()
    {
        (await Docker.RunAsync("run", "--rm", "-v", "kept:/data", "busybox", "sh", "-c", "echo kept > /data/file")).Succeeded();

        Assert.Equal("kept", (await Docker.RunAsync("run", "--rm", "-v", "kept:/data", "busybox", "cat", "/data/file")).Succeeded().Line);
        Assert.Equal("volume kept", await MountOfAsync("kept:/data"));
    }

    [Fact]
    public async Task Run_WithAMemoryLimit_SetsItInTheKernel()
    {
        var id = await RunSleeperAsync("--memory", "64m");

        Assert.Equal("67108864", await CgroupValueAsync(id, "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal("67108864", await Docker.InspectAsync(id, "{{.HostConfig.Memory}}"));
    }

    [Fact]
    public async Task Run_PastItsMemoryLimit_IsKilledAndSaysSo()
    {
        var id = await Docker.RunDetachedAsync("--memory", "16m", "--memory-swap", "16m", "busybox", "sh", "-c", "x=a; while :; do x=$x$x; done");

        Assert.Equal("137", (await Docker.RunAsync("wait", id)).Succeeded().Line);
        Assert.Equal("true", await Docker.InspectAsync(id, "{{.State.OOMKilled}}"));
    }

    [Fact]
    public async Task Run_WithACpuLimit_SetsItInTheKernel()
    {
        var id = await RunSleeperAsync("--cpus", "0.5");

        var quota = await CgroupValueAsync(id, "cpu", "cpu.cfs_quota_us", "cpu.max");
        var period = quota.Contains(' ', StringComparison.Ordinal) ? quota.Split(' ')[1] : await CgroupValueAsync(id, "cpu", "cpu.cfs_period_us", "cpu.max");
        Assert.Equal(0.5, double.Parse(quota.Split(' ')[0]) / double.Parse(period));
    }

    [Fact]
    public async Task Run_WithATakenName_IsAConflictThatNamesTheHolder()
    {
        var id = await RunSleeperAsync("--name", "taken");

        var second = await Docker.RunAsync("run", "--name", "taken", "busybox", "true");

        Assert.Equal(125, second.ExitCode);
        Assert.Contains(
            $"Conflict. The container name \"/taken\" is already in use by container \"{id}\". You have to remove (or rename) that container to be able to reuse that name.",
            second.Err, StringComparison.Ordinal);
        Assert.Equal(id[..12], (await Docker.RunAsync("ps", "-aq")).Line);
    }

    [Theory]
    [InlineData("/nowhere", 127)]
    [InlineData("/etc/passwd", 126)]
    public async Task Run_OfACommandThatCannotStart_HasTheShellsExitCode(string command, int code)
    {
        var run = await Docker.RunAsync("run", "--name", "stuck", "busybox", command);

        Assert.Equal(code, run.ExitCode);
        Assert.Contains(command, run.Err, StringComparison.Ordinal);
        Assert.Equal("created", await Docker.InspectAsync("stuck", "{{.State.Status}}"));
    }

    [Fact]
    public async Task Run_OfAnUnknownImage_FailsAndLeavesNothing()
    {
        var run = await Docker.RunAsync("run", "--pull", "never", "nowhere", "true");

        Assert.Equal(125, run.ExitCode);
        Assert.Contains("No such image: nowhere:latest", run.Err, StringComparison.Ordinal);
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }

    private async Task<string> MountOfAsync(string volume)
    {
        var id = await RunSleeperAsync("-v", volume);
        return await Docker.InspectAsync(id, "{{(index .Mounts 0).Type}} {{(index .Mounts 0).Name}}");
    }
}
