using System.Net;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>
/// The agent killed at points inside an operation. Afterwards the operation has happened or it has not, what was answered
/// holds, and once all is removed nothing is left anywhere. A sample; the numbers reach over the whole of each operation.
/// </summary>
public sealed class KillPointTests(KilledEngine engine) : IClassFixture<KilledEngine>
{
    private const string Body = """{"Image":"busybox","Cmd":["sh","-c","trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done"],"Volumes":{"/v":{}},"HostConfig":{"Memory":33554432,"MemorySwap":134217728}}""";

    private static readonly Dictionary<string, string> s_requests = new()
    {
        ["create"] = "POST /containers/create?name=one",
        ["start"] = "POST /containers/one/start",
        ["stop"] = "POST /containers/one/stop?t=8",
        ["remove"] = "DELETE /containers/one?v=1&force=1",
        ["rename"] = "POST /containers/one/rename?name=two",
        ["update"] = "POST /containers/one/update",
        ["commit"] = "POST /commit?container=one&repo=cut",
    };

    [Theory]
    [InlineData("create", "fsync 2", "rename 1", "mount 1", "rename 2")]
    [InlineData("start", "unshare 1", "mount 1", "sendto 8", "pwrite64 4")]
    [InlineData("stop", "unlink 2", "unlink 9", "rename 1")]
    [InlineData("remove", "pidfd_send_signal 1", "rename 2", "rename 3")]
    [InlineData("rename", "fsync 1", "fsync 2")]
    [InlineData("update", "rename 2")]
    [InlineData("commit", "link 1", "syncfs 1", "rename 4", "rename 5")]
    public async Task Agent_KilledInside_HasDoneItOrNot(string operation, params string[] points)
    {
        var before = await Ledger.BalanceAsync(engine.Root, engine.Bridge, engine.ProcessId);
        var missed = new List<string>();
        foreach (var point in points)
        {
            await PrepareAsync(operation);
            HttpStatusCode? answer = null;
            await using (await KillPoint.SetAsync(engine.ProcessId, point))
            {
                try
                {
                    answer = await SendAsync(s_requests[operation], operation switch { "create" => Body, "update" => """{"Memory":67108864}""", _ => "" });
                }
                catch (HttpRequestException)
                {
                    // That is the point.
                }
            }

            if (answer is not null)
            {
                missed.Add(point);
            }

            await engine.KillAsync();
            await engine.StartAsync();

            await CheckAsync(operation, isDone: answer is not null && (int)answer < 300, $"{operation} at {point}");
            await engine.ClearAsync();
            await engine.ClearImagesAsync();
            await Patience.UntilNothingAsync($"of {operation} at {point}", NewAsync);
        }

        // A thread may do less than the others; but that all points lie outside the operation is no test of it.
        Assert.True(missed.Count <= points.Length / 2, $"the agent lived through {string.Join(", ", missed)}");

        async Task<IEnumerable<string>> NewAsync()
        {
            var now = await Ledger.BalanceAsync(engine.Root, engine.Bridge, engine.ProcessId);
            return [.. now.Except(before), .. before.Except(now), .. now.Count == before.Count ? Array.Empty<string>() : ["another number of lines"]];
        }
    }

    private async Task PrepareAsync(string operation)
    {
        if (operation == "create")
        {
            return;
        }

        Assert.Equal(HttpStatusCode.Created, await SendAsync(s_requests["create"], Body));
        if (operation != "start")
        {
            Assert.Equal(HttpStatusCode.NoContent, await SendAsync(s_requests["start"]));
            await Patience.UntilAsync("it takes signals", async () => (await engine.Docker.RunAsync("logs", "one")).Out == "up\n");
        }
    }

    private async Task CheckAsync(string operation, bool isDone, string where)
    {
        var (one, two) = (await InspectAsync("one"), await InspectAsync("two"));
        switch (operation)
        {
            case "create":
                Assert.True(one is not null || !isDone, where);
                Assert.Equal(one is null ? 0 : 1, (await engine.Docker.RunAsync("volume", "ls", "-q")).Lines.Length);
                if (one is null)
                {
                    Assert.Equal(HttpStatusCode.Created, await SendAsync(s_requests["create"], Body));
                }

                await DemandStartAsync("one", where);
                break;
            case "start":
                Assert.True(one is "running" or "created" && (one == "running" || !isDone), $"{where}: {one}");
                await DemandStartAsync("one", where);
                break;
            case "stop":
                Assert.True(one is "exited" || (one == "running" && !isDone), $"{where}: {one}");
                Assert.True(one == "running" || await engine.Docker.InspectAsync("one", "{{.State.ExitCode}}") == "7", where);
                Assert.True(await SendAsync(s_requests["stop"]) is HttpStatusCode.NoContent or HttpStatusCode.NotModified, where);
                await DemandStartAsync("one", where);
                break;
            case "remove":
                Assert.True(one is null || !isDone, $"{where}: {one}");
                Assert.Equal(one is null ? HttpStatusCode.NotFound : HttpStatusCode.NoContent, await SendAsync(s_requests["remove"]));
                Assert.Empty((await engine.Docker.RunAsync("volume", "ls", "-q")).Lines);
                Assert.Equal(HttpStatusCode.Created, await SendAsync(s_requests["create"], Body));
                break;
            case "rename":
                Assert.True((one is null) != (two is null) && (two is not null || !isDone), where);
                Assert.Equal("running", one ?? two);
                Assert.Equal(HttpStatusCode.Created, await SendAsync(two is null ? "POST /containers/create?name=two" : s_requests["create"], Body));
                break;
            case "update":
                var memory = await engine.Docker.InspectAsync("one", "{{.HostConfig.Memory}}");
                Assert.True(memory == "67108864" || (memory == "33554432" && !isDone), $"{where}: {memory}");
                Assert.Equal(memory, (await engine.Docker.RunAsync("exec", "one", "sh", "-c", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max")).Line);
                break;
            case "commit":
                var images = (await engine.Docker.RunAsync("images", "-a", "--format", "{{.Repository}}")).Lines;
                Assert.True(images.Length == (images.Contains("cut") ? 2 : 1), $"{where}: {string.Join(", ", images)}");
                Assert.True(images.Contains("cut") || !isDone, where);
                Assert.Equal(HttpStatusCode.Created, await SendAsync(s_requests["commit"]));
                (await engine.Docker.RunAsync("run", "--rm", "cut", "true")).Succeeded();
                break;
        }
    }

    /// <summary>It runs, with one first process and an address, or can be started.</summary>
    private async Task DemandStartAsync(string name, string where)
    {
        var runs = await InspectAsync(name) == "running";
        var answer = await SendAsync($"POST /containers/{name}/start");
        Assert.True(answer == (runs ? HttpStatusCode.NotModified : HttpStatusCode.NoContent), $"{where}: start answers {answer}");
        var state = (await engine.Docker.InspectAsync(name, "{{.State.Pid}} {{.NetworkSettings.Networks.bridge.IPAddress}} {{.RestartCount}}")).Split(' ');
        Assert.True(Directory.Exists("/proc/" + state[0]) && state[1].Length > 0 && state[2] == "0", where);
    }

    private async Task<string?> InspectAsync(string name)
    {
        using var answer = await engine.Http.GetAsync($"/containers/{name}/json");
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document.RootElement.GetProperty("State").GetProperty("Status").GetString();
    }

    private async Task<HttpStatusCode> SendAsync(string request, string body = "")
    {
        var words = request.Split(' ');
        using var message = new HttpRequestMessage(new HttpMethod(words[0]), words[1]);
        if (body.Length > 0)
        {
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var answer = await engine.Http.SendAsync(message);
        return answer.StatusCode;
    }
}
