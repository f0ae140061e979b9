using System.Net;
using System.Text.Json;
using Portal.Agent.EngineApi.Streams;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Cache;

namespace Portal.Agent.Tests.EngineApi;

public sealed class BuildTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    private static readonly Digest s_image = Digest.Of("image"u8);

    [Fact]
    public async Task Request_WithEveryOption_IsRead()
    {
        BuildRequest? seen = null;
        engine.Builds.Build = (request, _, _) =>
        {
            seen = request;
            return Task.FromResult(new BuildResult(s_image, s_image) { Warnings = [new(0, "w")] });
        };
        var query = "t=a:1&t=b&dockerfile=D&q=0&nocache=1&pull=1&rm=0&target=x&memory=1&memswap=2&cpushares=3&cpuperiod=4&cpuquota=5&cpusetcpus=0&shmsize=6&networkmode=none&platform=linux/arm64&extrahosts=a:1.2.3.4&extrahosts=b:5.6.7.8"
            + "&buildargs=" + Uri.EscapeDataString("{\"a\":\"1\",\"b\":null}") + "&labels=" + Uri.EscapeDataString("{\"l\":\"m\"}") + "&cachefrom=" + Uri.EscapeDataString("[\"c\"]")
            + "&ulimits=" + Uri.EscapeDataString("[{\"Name\":\"nofile\",\"Soft\":1,\"Hard\":2}]");
        using var message = new HttpRequestMessage(HttpMethod.Post, "/build?" + query) { Content = new StringContent("archive") };
        message.Headers.Add("X-Registry-Config", Convert.ToBase64String("{\"https://index.docker.io/v1/\":{\"username\":\"u\",\"password\":\"p\"},\"reg:5\":{\"auth\":\"bmFtZTpzZWM6cmV0\"}}"u8));

        var answer = await engine.Client().SendAsync(message);

        var lines = (await answer.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            ["{\"stream\":\"[Warning] w\\n\"}", $"{{\"aux\":{{\"ID\":\"{s_image}\"}}}}", $"{{\"stream\":\"Successfully built {s_image.Hex[..12]}\\n\"}}", "{\"stream\":\"Successfully tagged a:1\\n\"}", "{\"stream\":\"Successfully tagged b:latest\\n\"}"], lines);
        Assert.Equal("archive", engine.Builds.Received);
        Assert.Equal(("D", "x", true, true, true, "none", "linux/arm64", 6), (seen!.Dockerfile, seen.Target, seen.NoCache, seen.Pull, seen.KeepContainers, seen.Network, seen.Platform, seen.ShmSizeBytes));
        Assert.Equal(new Dictionary<string, string?> { ["a"] = "1", ["b"] = null }, seen.Arguments);
        Assert.Equal((1, 2, 3, 4, 5, "0"), (seen.Resources.MemoryBytes, seen.Resources.MemorySwapBytes, seen.Resources.CpuShares, seen.Resources.CpuPeriod, seen.Resources.CpuQuota, seen.Resources.CpusetCpus));
        Assert.Equal((["a:1.2.3.4", "b:5.6.7.8"], ["c"], [new UlimitSpec("nofile", 1, 2)]), (seen.ExtraHosts, seen.CacheFrom, seen.Ulimits), Same);
        var hub = await seen.Credentials!.ForAsync("docker.io", CancellationToken.None);
        var own = await seen.Credentials.ForAsync("reg:5", CancellationToken.None);
        Assert.Equal(("u", "p", "name", "sec:ret"), (hub!.UserName, hub.Password, own!.UserName, own.Password));
        Assert.Null(await seen.Credentials.ForAsync("elsewhere", CancellationToken.None));
    }

    [Fact]
    public async Task Failure_BeforeAnythingWasSaid_IsAStatus()
    {
        engine.Builds.Build = (_, _, _) => throw new ErrorException(ErrorKind.Invalid, "x", "wrong");

        var answer = await engine.Client().PostAsync("/build", new StringContent(""));

        Assert.Equal((HttpStatusCode.BadRequest, "{\"message\":\"wrong\"}"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Failure_AfterALine_IsTheLastLine()
    {
        engine.Builds.Build = (_, progress, _) =>
        {
            progress.Started(Step(1));
            throw new BuildFailure(new(ErrorKind.Internal, "x", "ended"), 4) { ExitCode = 3 };
        };

        var answer = await engine.Client().PostAsync("/build?dockerfile=D", new StringContent(""));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(
            ["{\"stream\":\"Step 1/3 : I1\\n\"}", "{\"error\":\"ended (D:4)\",\"errorDetail\":{\"code\":3,\"message\":\"ended (D:4)\"}}"],
            (await answer.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Serialize(JsonSerializer.Deserialize<SortedDictionary<string, JsonElement>>(line))));
    }

    [Fact]
    public async Task Quiet_SaysTheIdOnly()
    {
        engine.Builds.Build = (_, progress, _) =>
        {
            progress.Started(Step(1));
            progress.Output(Step(1), 1, "noise"u8);
            return Task.FromResult(new BuildResult(s_image, s_image));
        };

        Assert.Equal($"{{\"stream\":\"{s_image}\\n\"}}\r\n", await (await engine.Client().PostAsync("/build?q=1", new StringContent(""))).Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/build?squash=1", HttpStatusCode.BadRequest, "squash")]
    [InlineData("/build?buildargs=x", HttpStatusCode.BadRequest, "error reading build args")]
    [InlineData("/build?memory=x", HttpStatusCode.BadRequest, "invalid value for memory")]
    [InlineData("/build?securityopt=x", HttpStatusCode.BadRequest, "security options")]
    [InlineData("/build?outputs=x", HttpStatusCode.BadRequest, "outputs")]
    public async Task Option_ThatIsWrong_IsRefused(string path, HttpStatusCode status, string words)
    {
        var answer = await engine.Client().PostAsync(path, new StringContent(""));

        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(words, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prune_WithFilters_MeansTheRecordsTheyFit()
    {
        engine.Builds.Records.Clear();
        engine.Builds.Records.Add(new("aa", "regular", "[1/2] RUN x", ["pp"], false, true, 5, Some.Time, null, 1));
        engine.Builds.Records.Add(new("bb", "exec.cachemount", "cached mount", [], true, false, 6, Some.Time, Some.Time, 2));

        var answer = await engine.Client().PostAsync("/build/prune?all=1&keep-storage=9&filters=" + Uri.EscapeDataString("{\"type\":[\"regular\"],\"unused-for\":[\"2h\"]}"), null);

        Assert.Equal("{\"CachesDeleted\":[\"aa\"],\"SpaceReclaimed\":7}", await answer.Content.ReadAsStringAsync());
        Assert.Equal((true, new CacheBounds(9, 0, 0), TimeSpan.FromHours(2)), (engine.Builds.Pruned!.All, engine.Builds.Pruned.Bounds, engine.Builds.Pruned.UnusedFor));
        Assert.Contains("\"CachesDeleted\":null", await (await engine.Client().PostAsync("/build/prune?filters=" + Uri.EscapeDataString("{\"id\":[\"zz\"]}"), null)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var usage = JsonDocument.Parse(await engine.Client().GetStringAsync("/system/df"));
        Assert.Equal(["aa", "bb"], usage.RootElement.GetProperty("BuildCache").EnumerateArray().Select(record => record.GetProperty("ID").GetString()));
    }

    [Theory]
    [InlineData("", 0, 0, 0)]
    [InlineData("?reserved-space=1&max-used-space=2&min-free-space=3", 1, 2, 3)]
    [InlineData("?keep-storage=4", 4, 0, 0)]
    public async Task Prune_WithBounds_HandsThemOn(string query, long reserved, long most, long free)
    {
        (await engine.Client().PostAsync("/build/prune" + query, null)).EnsureSuccessStatusCode();

        Assert.Equal(new CacheBounds(reserved, most, free), engine.Builds.Pruned!.Bounds);
        Assert.Null(engine.Builds.Pruned.Ids);
    }

    [Fact]
    public async Task Text_OfStepsAtTheSameTime_ComesInOrder()
    {
        var text = new BuildText(quiet: false);
        text.Started(Step(3));
        text.Started(Step(1));
        text.Output(Step(3), 1, "three\n"u8);
        text.Output(Step(1), 2, [0xC3]);
        text.Output(Step(1), 2, [0xA9]);
        text.Running(Step(3), "cid");
        text.Completed(Step(3), new(false, null, "i3", "cid"));
        text.Completed(Step(1), new(true, null, "i1", ""));
        text.Started(Step(2));
        text.Completed(Step(2), new(false, null, "i2", ""));
        text.Finish();

        var lines = new List<string?>();
        await foreach (var line in text.Lines.ReadAllAsync())
        {
            lines.Add(line.Stream);
        }

        Assert.Equal(
            [
                "Step 1/3 : I1\n", "\u001b[91mé\u001b[0m", " ---> Using cache\n ---> i1\n", "Step 2/3 : I2\n", " ---> i2\n", "Step 3/3 : I3\n", "three\n", " ---> Running in cid\n",
                "Removing intermediate container cid\n ---> i3\n",
            ],
            lines);
    }

    [Fact]
    public async Task Text_OfAClientThatDoesNotRead_EndsWhenItIsGone()
    {
        var text = new BuildText(quiet: false);
        var writing = Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                text.Output(Step(1), 1, "x"u8);
            }
        });
        await Task.WhenAny(writing, Task.Delay(200));
        Assert.False(writing.IsCompleted);

        text.Abandon();

        await writing.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static bool Same((IReadOnlyList<string>, IReadOnlyList<string>, IReadOnlyList<UlimitSpec>) a, (IReadOnlyList<string>, IReadOnlyList<string>, IReadOnlyList<UlimitSpec>) b) =>
        a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2) && a.Item3.SequenceEqual(b.Item3);

    private static BuildStep Step(int number) => new($"s{number}", $"n{number}", "", number, 3, $"I{number}", number, []);
}
