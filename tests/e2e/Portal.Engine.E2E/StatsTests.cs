using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace Portal.Engine.E2E;

public sealed class StatsTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Stats_OnceFromTheCli_ShowWhatABusyContainerUses()
    {
        await Docker.RunDetachedAsync("--name", "busy", "--memory", "64m", "busybox", "sh", "-c", "while :; do :; done");

        using var document = JsonDocument.Parse((await Docker.RunAsync("stats", "--no-stream", "--format", "{{json .}}", "busy")).Succeeded().Out);

        var stats = document.RootElement;
        Assert.Equal("busy", stats.GetProperty("Name").GetString());
        Assert.True(double.Parse(stats.GetProperty("CPUPerc").GetString()!.TrimEnd('%')) > 10, stats.ToString());
        Assert.EndsWith("/ 64MiB", stats.GetProperty("MemUsage").GetString(), StringComparison.Ordinal);
        Assert.Equal("1", stats.GetProperty("PIDs").GetString());
    }

    [Fact]
    public async Task Stats_Streamed_ArriveOneAfterTheOther()
    {
        var id = await RunSleeperAsync();
        using var answer = await Http.GetAsync($"/containers/{id}/stats", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        using var first = JsonDocument.Parse((await reader.ReadLineAsync())!);
        using var second = JsonDocument.Parse((await reader.ReadLineAsync())!);

        Assert.Equal(id, first.RootElement.GetProperty("id").GetString());
        Assert.True(second.RootElement.GetProperty("read").GetDateTimeOffset() > first.RootElement.GetProperty("read").GetDateTimeOffset());
        Assert.True(second.RootElement.GetProperty("memory_stats").GetProperty("usage").GetInt64() > 0);
        Assert.True(second.RootElement.GetProperty("networks").TryGetProperty("eth0", out _));
    }

    [Fact]
    public async Task Stats_OfAStoppedContainer_AreZeroNotAnError()
    {
        await Docker.RunAsync("run", "--name", "ended", "busybox", "true");

        var stats = await ReadAsync("/containers/ended/stats?stream=0");

        Assert.Equal(0, stats.GetProperty("cpu_stats").GetProperty("cpu_usage").GetProperty("total_usage").GetInt64());
        Assert.Equal("{}", stats.GetProperty("memory_stats").GetRawText());
    }

    [Fact]
    public async Task Stats_StreamedOverAStartAStopAndARemoval_TellEachAndEnd()
    {
        await Docker.RunAsync("create", "--name", "later", "busybox", "sleep", "600");
        using var answer = await Http.GetAsync("/containers/later/stats", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        await UntilAsync(reader, runs: false);
        (await Docker.RunAsync("start", "later")).Succeeded();
        var first = await UntilAsync(reader, runs: true);
        (await Docker.RunAsync("kill", "later")).Succeeded();
        await UntilAsync(reader, runs: false);
        (await Docker.RunAsync("rm", "later")).Succeeded();
        while (await reader.ReadLineAsync() is not null)
        {
        }

        // Right from the first object of the run: a rate needs the sample before.
        Assert.True(first.GetProperty("precpu_stats").GetProperty("system_cpu_usage").GetInt64() > 0);
    }

    [Fact]
    public async Task Stats_OneShot_AnswersAtOnceAndStreamsNot()
    {
        await RunSleeperAsync("--name", "shot", "--pids-limit", "50", "--memory", "64m");

        var stats = await ReadAsync("/containers/shot/stats?stream=0&one-shot=1");

        Assert.Equal("0001-01-01T00:00:00Z", stats.GetProperty("preread").GetString());
        Assert.Equal(50, stats.GetProperty("pids_stats").GetProperty("limit").GetInt64());
        Assert.Equal(64 << 20, stats.GetProperty("memory_stats").GetProperty("limit").GetInt64());
        using var refused = await Http.GetAsync("/containers/shot/stats?one-shot=1");
        await ExpectErrorAsync(refused, HttpStatusCode.BadRequest, "cannot have stream=true and one-shot=true");
    }

    [Fact]
    public async Task Stats_OnTheHostsNetwork_ShowNoLinks()
    {
        await RunSleeperAsync("--name", "shared", "--network", "host");

        Assert.False((await ReadAsync("/containers/shared/stats?stream=0&one-shot=1")).TryGetProperty("networks", out _));
    }

    [Fact]
    public async Task Stats_Paused_ShowMemoryStill()
    {
        await RunSleeperAsync("--name", "frozen");
        (await Docker.RunAsync("pause", "frozen")).Succeeded();

        Assert.True((await ReadAsync("/containers/frozen/stats?stream=0")).GetProperty("memory_stats").GetProperty("usage").GetInt64() > 0);
        (await Docker.RunAsync("unpause", "frozen")).Succeeded();
    }

    [Fact]
    public async Task Stats_TwoHundredStreams_GetEverySecondAndHoldUpNobody()
    {
        var id = await RunSleeperAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Http.GetAsync($"/containers/{id}/stats", HttpCompletionOption.ResponseHeadersRead)));
        var lines = Task.WhenAll(answers.Select(async answer =>
        {
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
            return (await reader.ReadLineAsync(), await reader.ReadLineAsync());
        }));

        var asked = Stopwatch.StartNew();
        using var ping = await Http.GetAsync("/_ping");

        Assert.True(asked.Elapsed < TimeSpan.FromSeconds(1), $"/_ping took {asked.Elapsed}");
        Assert.All(await lines, pair => Assert.True(pair.Item1 is not null && pair.Item2 is not null));
        foreach (var answer in answers)
        {
            answer.Dispose();
        }
    }

    [Fact]
    public async Task ControlStats_OfTheHost_HaveEachRunningContainer()
    {
        var id = await RunSleeperAsync("--cpus", "0.5");
        using var answer = await Http.GetAsync("/control/v1/stats", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        JsonElement container;
        do
        {
            using var batch = JsonDocument.Parse((await reader.ReadLineAsync())!);
            container = batch.RootElement.GetProperty("Containers").EnumerateArray().FirstOrDefault(c => c.GetProperty("Id").GetString() == id).Clone();
        }
        while (container.ValueKind == JsonValueKind.Undefined);

        Assert.True(container.GetProperty("CpuTotal").GetInt64() > 0);
        Assert.True(container.GetProperty("MemoryUsage").GetInt64() > 0);
        Assert.Equal(2048, container.GetProperty("PidsLimit").GetInt64());
    }

    private static bool Runs(JsonElement stats) => stats.GetProperty("cpu_stats").GetProperty("cpu_usage").GetProperty("total_usage").GetInt64() > 0;

    private static async Task<JsonElement> UntilAsync(StreamReader reader, bool runs)
    {
        while (true)
        {
            using var stats = JsonDocument.Parse((await reader.ReadLineAsync())!);
            if (Runs(stats.RootElement) == runs)
            {
                return stats.RootElement.Clone();
            }
        }
    }

    private async Task<JsonElement> ReadAsync(string path)
    {
        using var document = JsonDocument.Parse(await Http.GetStringAsync(path));
        return document.RootElement.Clone();
    }
}
