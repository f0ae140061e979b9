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

        using var answer = await Http.GetAsync("/containers/ended/stats?stream=0&one-shot=1");

        Assert.True(answer.IsSuccessStatusCode);
    }
}
