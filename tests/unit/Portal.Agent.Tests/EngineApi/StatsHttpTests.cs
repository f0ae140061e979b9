using System.Net;
using System.Text.Json;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Containers;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;

namespace Portal.Agent.Tests.EngineApi;

public sealed class StatsHttpTests : IAsyncLifetime
{
    private static readonly ContainerStatus s_exited = new(ContainerState.Exited, 0, 0, Some.Time, Some.Time, false, "");

    private readonly EngineFixture _engine = new();

    public ValueTask InitializeAsync() => _engine.InitializeAsync();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Once_Running_GoesOutWithTheSecondSample()
    {
        _engine.Containers.All.Add(Some.Container());
        Write(new(Sample(100), null), new(Sample(300), Sample(100)));

        var stats = await OneAsync("stream=0");

        Assert.Equal((300, 100), (Total(stats, "cpu_stats"), Total(stats, "precpu_stats")));
        Assert.Equal("/web", stats.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Once_RunningButNotReadYet_WaitsForATickThatHasIt()
    {
        _engine.Containers.All.Add(Some.Container());
        Write(default, new(Sample(100), null), new(Sample(300), Sample(100)));

        Assert.Equal(300, Total(await OneAsync("stream=0"), "cpu_stats"));
    }

    [Fact]
    public async Task Once_NeverRead_IsZeroesInTheEnd()
    {
        _engine.Containers.All.Add(Some.Container());
        Write(Enumerable.Repeat(default(ContainerReading), 30).ToArray());

        Assert.Equal(0, Total(await OneAsync("stream=0"), "cpu_stats"));
    }

    [Fact]
    public async Task Once_StopsWhileItIsWaitedFor_IsZeroes()
    {
        _engine.Containers.All.Add(Some.Container());
        var answer = OneAsync("stream=0");
        Write(default(ContainerReading));
        _engine.Containers.All[0] = Some.Container(status: s_exited);
        Write(default(ContainerReading));

        Assert.Equal(0, Total(await answer, "cpu_stats"));
    }

    [Theory]
    [InlineData("stream=0")]
    [InlineData("stream=0&one-shot=1")]
    public async Task Once_NotRunning_IsZeroesAtOnceAndNamesIt(string query)
    {
        _engine.Containers.All.Add(Some.Container(status: s_exited));

        var stats = await OneAsync(query);

        Assert.Equal("0001-01-01T00:00:00Z", stats.GetProperty("read").GetString());
        Assert.Equal((0, Some.Id.Value), (Total(stats, "cpu_stats"), stats.GetProperty("id").GetString()));
        Assert.Equal("{}", stats.GetProperty("memory_stats").GetRawText());
        Assert.Equal("{}", stats.GetProperty("pids_stats").GetRawText());
        Assert.Equal(JsonValueKind.Null, stats.GetProperty("blkio_stats").GetProperty("io_service_bytes_recursive").ValueKind);
        Assert.False(stats.TryGetProperty("networks", out _));
    }

    [Fact]
    public async Task OneShot_Running_IsTheSampleOfNowWithoutOneBefore()
    {
        _engine.Containers.All.Add(Some.Container());
        _engine.Sampler.Sample = Sample(500);

        var stats = await OneAsync("stream=0&one-shot=1");

        Assert.Equal((500, 0), (Total(stats, "cpu_stats"), Total(stats, "precpu_stats")));
        Assert.Equal("0001-01-01T00:00:00Z", stats.GetProperty("preread").GetString());
    }

    [Fact]
    public async Task OneShot_Streamed_IsRefusedInDockersWords()
    {
        _engine.Containers.All.Add(Some.Container());
        using var client = _engine.Client();

        using var response = await client.GetAsync("/v1.51/containers/web/stats?stream=1&one-shot=1");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("cannot have stream=true and one-shot=true", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_StoppedStartedAndRemoved_TellsEachSecondAndEnds()
    {
        _engine.Containers.All.Add(Some.Container(status: s_exited));
        using var client = _engine.Client();
        using var response = await client.GetAsync("/v1.51/containers/web/stats", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Write(default(ContainerReading));
        Assert.Equal(0, Total(await LineAsync(reader), "cpu_stats"));

        _engine.Containers.All[0] = Some.Container("renamed");
        Write(new(Sample(100), null), new(Sample(300), Sample(100)));
        var running = await LineAsync(reader);
        Assert.Equal((300, 100, "/renamed"), (Total(running, "cpu_stats"), Total(running, "precpu_stats"), running.GetProperty("name").GetString()));

        _engine.Containers.All.Clear();
        Write(default(ContainerReading));
        Assert.Null(await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Control_ABatch_IsOneLineWithoutWhatIsZero()
    {
        var sample = Sample(100) with { SwapUsage = 5, ThrottlingPeriods = 4, ThrottledPeriods = 3, Pressure = new(new(1, 2), new(3, 4), new(5, 6)) };
        _engine.Sampler.Batches.Writer.TryWrite(new(new(Some.Time, 1, 1, 2, 1, 1, 1, 1, 0), [sample]));
        using var client = _engine.Client();
        using var response = await client.GetAsync("/control/v1/stats", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        var container = (await LineAsync(reader)).GetProperty("Containers")[0];

        Assert.Equal((5, 4, 3, 6), (container.GetProperty("SwapUsage").GetInt32(), container.GetProperty("Periods").GetInt32(),
            container.GetProperty("ThrottledPeriods").GetInt32(), container.GetProperty("Pressure").GetProperty("IoFull").GetInt32()));
        Assert.False(container.TryGetProperty("RxBytes", out _));
    }

    private static ContainerSample Sample(ulong cpu) => new() { Id = Some.Id, Time = Some.Time, CpuTotal = cpu, Details = new() { Version = CgroupVersion.V2 } };

    private static int Total(JsonElement stats, string member) => stats.GetProperty(member).GetProperty("cpu_usage").GetProperty("total_usage").GetInt32();

    private static async Task<JsonElement> LineAsync(StreamReader reader)
    {
        using var document = JsonDocument.Parse((await reader.ReadLineAsync())!);
        return document.RootElement.Clone();
    }

    private void Write(params ContainerReading[] readings)
    {
        foreach (var reading in readings)
        {
            Assert.True(_engine.Sampler.Readings.Writer.TryWrite(reading));
        }
    }

    private async Task<JsonElement> OneAsync(string query)
    {
        using var client = _engine.Client();
        using var document = JsonDocument.Parse(await client.GetStringAsync("/v1.51/containers/web/stats?" + query));
        return document.RootElement.Clone();
    }
}
