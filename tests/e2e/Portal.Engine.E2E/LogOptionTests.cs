using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Logging drivers and their options, as the docker CLI gives them.</summary>
public sealed class LogOptionTests(Engine engine) : EngineTest(engine)
{
    [Theory]
    [InlineData("unknown log opt 'x' for json-file log driver", "--log-opt", "x=y")]
    [InlineData("failed to initialize logging driver: invalid size: 'big'", "--log-opt", "max-size=big")]
    [InlineData("failed to initialize logging driver: max-file cannot be less than 1", "--log-opt", "max-size=1m", "--log-opt", "max-file=0")]
    [InlineData("failed to initialize logging driver: compress cannot be true when max-file is less than 2 or max-size is not set", "--log-opt", "compress=true")]
    [InlineData("failed to initialize logging driver: compression cannot be enabled when max file count is 1", "--log-driver", "local", "--log-opt", "max-file=1")]
    [InlineData("logger: logging mode not supported: sometimes", "--log-opt", "mode=sometimes")]
    [InlineData("logger: no log driver named 'syslog' is registered", "--log-driver", "syslog")]
    public async Task Run_WithABadOption_SaysSoAndLeavesNoContainer(string words, params string[] options)
    {
        var run = await Docker.RunAsync(["run", "--name", "bad", .. options, "busybox", "true"]);

        Assert.Equal(125, run.ExitCode);
        Assert.Contains(words, run.Err, StringComparison.Ordinal);
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }

    [Fact]
    public async Task Info_NamesTheDriversAndTheDefault()
    {
        var info = (await Docker.RunAsync("info", "--format", "{{.LoggingDriver}} {{json .Plugins.Log}}")).Succeeded().Line;

        Assert.StartsWith("json-file [", info, StringComparison.Ordinal);
        Assert.EndsWith("\"json-file\",\"local\"]", info, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"Type\":\"json-file\",\"Config\":{}}", true)]
    [InlineData("{\"Type\":\"json-file\",\"Config\":{\"max-file\":\"3\",\"max-size\":\"1m\"}}", true, "--log-opt", "max-size=1m", "--log-opt", "max-file=3")]
    [InlineData("{\"Type\":\"local\",\"Config\":{\"mode\":\"non-blocking\"}}", false, "--log-driver", "local", "--log-opt", "mode=non-blocking")]
    public async Task Inspect_LogConfig_IsWhatWasAsked(string config, bool hasPath, params string[] options)
    {
        (await Docker.RunAsync(["run", "--name", "asked", .. options, "busybox", "echo", "hello"])).Succeeded();

        Assert.Equal(config, await Docker.InspectAsync("asked", "{{json .HostConfig.LogConfig}}"));
        Assert.Equal(hasPath, File.Exists(await Docker.InspectAsync("asked", "{{.LogPath}}")));
        Assert.Equal("hello", (await Docker.RunAsync("logs", "asked")).Succeeded().Line);
    }

    [Fact]
    public async Task DriverNone_IsSeenByWhoIsAttachedAndKeptByNobody()
    {
        var run = (await Docker.RunAsync("run", "--name", "mute", "--log-driver", "none", "busybox", "sh", "-c", "echo seen; echo too >&2")).Succeeded();

        Assert.Equal(("seen\n", "too\n"), (run.Out, run.Err));
        var logs = await Docker.RunAsync("logs", "mute");
        Assert.Equal(1, logs.ExitCode);
        Assert.Contains("configured logging driver does not support reading", logs.Err, StringComparison.Ordinal);
        Assert.Equal("none ", await Docker.InspectAsync("mute", "{{.HostConfig.LogConfig.Type}} {{.LogPath}}") + " ");
        using var answer = await Http.GetAsync("/containers/mute/logs?stdout=1&follow=1");
        await ExpectErrorAsync(answer, System.Net.HttpStatusCode.NotImplemented, "configured logging driver does not support reading");
    }

    [Fact]
    public async Task Details_AreTheLabelsVariablesAndTagTheOptionsName()
    {
        (await Docker.RunAsync(
            "run", "--name", "told", "-l", "team=shop & co", "-l", "other=1", "-e", "STAGE=test", "-e", "SECRET=no",
            "--log-opt", "labels=team,none", "--log-opt", "env-regex=^STA", "--log-opt", "tag={{.Name}}/{{.ImageName}}", "busybox", "echo", "hi")).Succeeded();

        Assert.Equal("STAGE=test,tag=told%2Fbusybox,team=shop+%26+co hi", (await Docker.RunAsync("logs", "--details", "told")).Succeeded().Line);
        Assert.Matches(@"^\d{4}-\S+Z STAGE=test,tag=told%2Fbusybox,team=shop\+%26\+co hi$", (await Docker.RunAsync("logs", "--details", "-t", "told")).Succeeded().Line);
        Assert.Equal("hi", (await Docker.RunAsync("logs", "told")).Succeeded().Line);
    }

    [Fact]
    public async Task Rotation_ByTheContainersOwnNumbers_KeepsTheNewestInOneUnbrokenRow()
    {
        await Docker.RunDetachedAsync("--name", "own", "--log-opt", "max-size=100k", "--log-opt", "max-file=4", "busybox", "sh", "-c", "for i in $(seq 1 100); do seq $((i*200-199)) $((i*200)); sleep 0.02; done; sleep 600");
        await UntilLastLineAsync("own", "20000");
        var folder = Path.GetDirectoryName(await Docker.InspectAsync("own", "{{.LogPath}}"))!;

        // 20,000 lines take about a megabyte with their times.
        await Patience.UntilAsync("the log is within its limits", () => LogFiles(folder).Sum(f => f.Length) <= 440_000);
        Assert.InRange(LogFiles(folder).Count(f => f.Length > 0), 3, 5);
        await ExpectRowAsync(20_000, atLeast: 4000, "logs", "own");
        await ExpectRowAsync(20_000, atLeast: 3000, "logs", "--tail", "3000", "own");
    }

    [Fact]
    public async Task Rotation_Compressed_ReadsAsIfItWereNot()
    {
        await Docker.RunDetachedAsync("--name", "packed", "--log-opt", "max-size=200k", "--log-opt", "max-file=10", "--log-opt", "compress=true", "busybox", "sh", "-c", "for i in $(seq 1 50); do seq $((i*400-399)) $((i*400)); sleep 0.02; done; sleep 600");
        await UntilLastLineAsync("packed", "20000");
        var folder = Path.GetDirectoryName(await Docker.InspectAsync("packed", "{{.LogPath}}"))!;
        var last = (await Docker.RunAsync("logs", "--tail", "15000", "packed")).Succeeded().Out;

        await Patience.UntilAsync("the rotated files are compressed", () => LogFiles(folder).Count(f => f.Name.EndsWith(".gz", StringComparison.Ordinal)) is > 2 and var count && count == LogFiles(folder).Length - 1);

        Assert.True(LogFiles(folder).Sum(f => f.Length) < 500_000);
        await ExpectRowAsync(20_000, atLeast: 20_000, "logs", "packed");
        Assert.Equal(last, (await Docker.RunAsync("logs", "--tail", "15000", "packed")).Succeeded().Out);
        (await Docker.RunAsync("rm", "-f", "packed")).Succeeded();
    }

    [Fact]
    public async Task Rotation_OneFile_KeepsTheLastLines()
    {
        await Docker.RunAsync("run", "--name", "single", "--log-opt", "max-size=50k", "busybox", "sh", "-c", "for i in $(seq 1 50); do seq $((i*200-199)) $((i*200)); sleep 0.02; done");

        var folder = Path.GetDirectoryName(await Docker.InspectAsync("single", "{{.LogPath}}"))!;
        await ExpectRowAsync(10_000, atLeast: 1, "logs", "single");
        Assert.InRange(LogFiles(folder).Sum(f => f.Length), 1, 55_000);
    }

    [Fact]
    public async Task Follow_ThroughManyRotations_LosesAndRepeatsNothing()
    {
        await Docker.RunDetachedAsync("--name", "turning", "--log-opt", "max-size=500k", "--log-opt", "max-file=50", "busybox", "sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done; seq 1 150000");
        var following = Docker.RunAsync("logs", "-f", "turning");
        await Task.Delay(300);
        (await Docker.RunAsync("exec", "turning", "touch", "/go")).Succeeded();

        var lines = (await following).Succeeded().Lines;

        Assert.Equal(150_000, lines.Length);
        Assert.All(lines.Select((line, index) => (line, index)), pair => Assert.Equal($"{pair.index + 1}", pair.line));
    }

    [Fact]
    public async Task Flood_WithDefaultSettings_StaysWithin110MiBAndItsEndIsThereAtOnce()
    {
        await Docker.RunDetachedAsync("--name", "flood", "busybox", "sh", "-c", "seq 1 4000000; touch /done; sleep 600");
        var folder = Path.GetDirectoryName(await Docker.InspectAsync("flood", "{{.LogPath}}"))!;
        var largest = 0L;
        await Patience.UntilAsync(
            "everything is written",
            async () =>
            {
                largest = Math.Max(largest, LogFiles(folder).Sum(f => f.Length));
                return (await Docker.RunAsync("exec", "flood", "test", "-e", "/done")).ExitCode == 0;
            },
            TimeSpan.FromSeconds(60));
        var begin = System.Diagnostics.Stopwatch.StartNew();
        var tail = (await Docker.RunAsync("logs", "--tail", "100", "flood")).Succeeded().Lines;

        Assert.True(begin.Elapsed < TimeSpan.FromSeconds(5), $"the last lines took {begin.Elapsed}");   // a second on a machine that has nothing else to do
        Assert.Equal(100, tail.Length);
        Assert.Equal("4000000", tail[^1]);
        Assert.InRange(largest, 40 << 20, 110 << 20);
        await ExpectRowAsync(4_000_000, atLeast: 1_000_000, "logs", "flood");
    }

    /// <summary>Expects numbered lines without a gap that end with the given number.</summary>
    private async Task ExpectRowAsync(int last, int atLeast, params string[] command)
    {
        var lines = (await Docker.RunAsync(command)).Succeeded().Lines;
        Assert.InRange(lines.Length, atLeast, last);
        var first = last - lines.Length + 1;
        Assert.All(lines.Select((line, index) => (line, index)), pair => Assert.Equal($"{first + pair.index}", pair.line));
    }

    private Task UntilLastLineAsync(string container, string line) => Patience.UntilAsync(
        $"the log ends with {line}", async () => (await Docker.RunAsync("logs", "--tail", "1", container)).Line == line);

    private static FileInfo[] LogFiles(string folder) => [.. new DirectoryInfo(folder).GetFiles("container.log*").Where(f => f.Exists)];
}
