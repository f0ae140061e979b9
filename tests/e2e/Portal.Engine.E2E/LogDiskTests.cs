using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent with a small disk of its own and other defaults of logging.</summary>
public sealed class SmallDiskEngine() : AgentProcess(11), IAsyncLifetime
{
    /// <summary>The disk.</summary>
    public string Disk => Root + "-disk";

    protected override IReadOnlyList<string> Options => ["--log-driver", "local", "--log-opt", "max-size=300k", "--log-opt", "max-file=3"];

    public new async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Disk);
        (await ChildProcess.RunAsync("mount", ["-t", "tmpfs", "-o", "size=64m,nr_inodes=4000", "tmpfs", Disk])).Succeeded();
        Directory.CreateSymbolicLink(DataRoot, Disk);
        await base.InitializeAsync();
    }

    public new async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        (await ChildProcess.RunAsync("umount", [Disk])).Succeeded();
        Directory.Delete(Disk);
    }
}

public sealed class LogDiskTests(SmallDiskEngine engine) : IClassFixture<SmallDiskEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Exit_WhileTheDiskIsFull_IsKnownAndSurvivesTheAgent(bool agentDiesFirst)
    {
        await _docker.RunDetachedAsync("--name", "leaver", "--log-driver", "none", "--network", "none", "--tmpfs", "/t", "busybox", "sh", "-c", "trap 'exit 42' TERM; touch /t/up; while :; do sleep 0.1; done");
        await Patience.UntilAsync("it takes signals", async () => (await _docker.RunAsync("exec", "leaver", "test", "-e", "/t/up")).ExitCode == 0);
        await ChildProcess.RunAsync("sh", ["-c", $"cat /dev/zero > {engine.Disk}/filler"]);
        await _docker.RunAsync("stop", "leaver");
        await _docker.UntilAsync("leaver", "{{.State.Status}} {{.State.ExitCode}}", "exited 42");
        if (!agentDiesFirst)
        {
            File.Delete(engine.Disk + "/filler");
            var id = await _docker.InspectAsync("leaver", "{{.Id}}");
            await Patience.UntilAsync("it is saved", async () => (await File.ReadAllTextAsync($"{engine.DataRoot}/containers/{id}/record.json")).Contains("\"ExitCode\": 42", StringComparison.Ordinal));
        }

        await engine.KillAsync();
        File.Delete(engine.Disk + "/filler");
        await engine.StartAsync();

        Assert.Equal("exited 42", await _docker.InspectAsync("leaver", "{{.State.Status}} {{.State.ExitCode}}"));
    }

    [Fact]
    public async Task AgentsDefaults_HoldForWhoSaysNothingAndForNobodyElse()
    {
        await _docker.RunAsync("create", "--name", "silent", "busybox", "true");
        await _docker.RunAsync("create", "--name", "partly", "--log-opt", "max-file=7", "busybox", "true");
        await _docker.RunAsync("create", "--name", "other", "--log-driver", "json-file", "busybox", "true");

        Assert.Equal("{\"Type\":\"local\",\"Config\":{\"max-file\":\"3\",\"max-size\":\"300k\"}}", await _docker.InspectAsync("silent", "{{json .HostConfig.LogConfig}}"));
        Assert.Equal("{\"Type\":\"local\",\"Config\":{\"max-file\":\"7\",\"max-size\":\"300k\"}}", await _docker.InspectAsync("partly", "{{json .HostConfig.LogConfig}}"));
        Assert.Equal("{\"Type\":\"json-file\",\"Config\":{}}", await _docker.InspectAsync("other", "{{json .HostConfig.LogConfig}}"));
        Assert.Equal("local", (await _docker.RunAsync("info", "--format", "{{.LoggingDriver}}")).Succeeded().Line);
    }

    [Fact]
    public async Task Agent_KilledInAFlood_GoesOnRotatingWhenItIsBack()
    {
        var id = await _docker.RunDetachedAsync("--name", "river", "busybox", "sh", "-c", "i=0; while :; do seq $((i*500+1)) $((i*500+500)); i=$((i+1)); usleep 20000; done");
        var folder = $"{engine.DataRoot}/containers/{id}";
        for (var round = 0; round < 2; round++)
        {
            await Patience.UntilAsync("the log has been rotated", () => Rotated(folder) > 2 + (round * 5));
            await engine.KillAsync();
            await Task.Delay(500);
            await engine.StartAsync();
        }

        var before = Rotated(folder);
        await Patience.UntilAsync("the log is rotated again", () => Rotated(folder) > before + 2);
        await _docker.RunAsync("kill", "river");
        Assert.InRange(new DirectoryInfo(folder).GetFiles("container.log*").Sum(f => f.Length), 100_000, 1_100_000);
        var lines = (await _docker.RunAsync("logs", "river")).Succeeded().Lines.Select(int.Parse).ToList();
        Assert.True(lines.Count > 5000);
        Assert.Equal(Enumerable.Range(lines[0], lines.Count), lines);

        static int Rotated(string folder) => Directory.GetFiles(folder, "container.log.*")
            .Select(file => Path.GetFileName(file).Split('.') is [_, _, var part, ..] && int.TryParse(part, out var number) ? number : 0).DefaultIfEmpty().Max();
    }

    [Fact]
    public async Task FullDisk_ContainerGoesOnAndTheGapIsMarkedAndCounted()
    {
        await _docker.RunDetachedAsync("--name", "brave", "busybox", "sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; usleep 10000; done");
        await Patience.UntilAsync("it logs", async () => (await _docker.RunAsync("logs", "--tail", "1", "brave")).Out.Length > 0);
        var pid = await _docker.InspectAsync("brave", "{{.State.Pid}}");

        var filler = Path.Combine(engine.Disk, "filler");
        await ChildProcess.RunAsync("dd", ["if=/dev/zero", $"of={filler}", "bs=64k"]);
        var stuck = await CountAsync();
        await Task.Delay(4000);
        Assert.True(await CountAsync() > stuck + 50);
        File.Delete(filler);

        var log = "";
        await Patience.UntilAsync("the gap is marked", async () => (log = (await _docker.RunAsync("logs", "brave")).Err).Contains("[portal]", StringComparison.Ordinal));
        Assert.Matches(@"\[portal\] output is missing here: between \S+Z and \S+Z about \d+ bytes could not be written to this log, its disk was full", log);
        using var inspect = JsonDocument.Parse(await engine.Http.GetStringAsync("/containers/brave/json"));
        Assert.True(inspect.RootElement.GetProperty("State").GetProperty("LogBytesLost").GetInt64() > 1000);

        // What the shell has written is what it has done.
        async Task<int> CountAsync() => int.Parse((await File.ReadAllTextAsync($"/proc/{pid}/io")).Split("wchar: ")[1].Split('\n')[0]);
    }
}
