using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>
/// Containers and clients that take more than their share. With <c>PORTAL_E2E_FULL=1</c> at full size: 200 containers, 1,000 execs and 200
/// at once, and a minute to settle.
/// </summary>
public sealed class AbuseTests(Engine engine) : EngineTest(engine)
{
    private static readonly bool s_full = Environment.GetEnvironmentVariable("PORTAL_E2E_FULL") == "1";

    [Fact]
    public async Task Attach_OfAClientThatDoesNotRead_IsNotFeltByTheContainer()
    {
        var id = await Docker.RunDetachedAsync("--name", "flood", "--network", "none", "--log-opt", "max-size=20m", "busybox", "yes", new string('y', 200));
        var monitor = await MonitorOfAsync("flood");
        await Patience.UntilAsync("it writes", () => ReadBy(monitor) > 10_000_000);
        using var idle = await Engine.ConnectAsync();
        await idle.SendAsync(Encoding.ASCII.GetBytes($"POST /containers/{id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"));

        // While it is attached, and after it was cut off because it did not read.
        var (longest, last, since) = (TimeSpan.Zero, ReadBy(monitor), Stopwatch.StartNew());
        for (var watched = Stopwatch.StartNew(); watched.Elapsed < TimeSpan.FromSeconds(4); await Task.Delay(20))
        {
            if (ReadBy(monitor) is var now && now != last)
            {
                longest = since.Elapsed > longest ? since.Elapsed : longest;
                (last, since) = (now, Stopwatch.StartNew());
            }
        }

        Assert.True(longest < TimeSpan.FromSeconds(1) && since.Elapsed < TimeSpan.FromSeconds(1), $"It stood still for {longest}, and now for {since.Elapsed}.");
        await Patience.UntilAsync("the client is cut off", () => IsHungUp(idle), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Run_WhoseClientReadsLate_LosesNothing()
    {
        // More than is kept for a client in memory and on the disk together.
        const int Size = 80_000_000;
        using var created = await PostJsonAsync(
            "/containers/create?name=big", $$$"""{"Image":"busybox","Cmd":["sh","-c","yes 0123456789 | head -c {{{Size}}}"],"HostConfig":{"NetworkMode":"none","LogConfig":{"Type":"none"} } }""");
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        using var client = await Engine.ConnectAsync();
        await client.SendAsync("POST /containers/big/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        var buffer = new byte[1 << 20];
        Assert.StartsWith("HTTP/1.1 101", Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer)), StringComparison.Ordinal);
        (await Docker.RunAsync("start", "big")).Succeeded();

        await Task.Delay(2000);
        var bytes = 0L;
        await using var stream = new System.Net.Sockets.NetworkStream(client);
        for (var header = new byte[8]; await stream.ReadAtLeastAsync(header, 8, throwOnEndOfStream: false) == 8;)
        {
            var length = (header[5] << 16) | (header[6] << 8) | header[7];
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length));
            Assert.Equal((byte)"0123456789\n"[(int)(bytes % 11)], buffer[0]);
            bytes += length;
        }

        Assert.Equal(Size, bytes);
    }

    [Fact]
    public async Task Events_OfAReaderThatFallsBehind_EndWithTheReason()
    {
        var id = await RunSleeperAsync("--name", "source", "--network", "none");
        using var slow = await Engine.ConnectAsync();
        await slow.SendAsync("GET /events HTTP/1.1\r\nHost: e\r\n\r\n"u8.ToArray());
        await using var quick = await EventLog.OpenAsync(Http);

        await Parallel.ForEachAsync(Enumerable.Range(0, 4000), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, _) =>
            (await PostJsonAsync($"/containers/{id}/exec", """{"Cmd":["true"]}""")).Dispose());

        await Patience.UntilAsync("the other reader has all of them", () => quick.Of("source").Count(line => line.StartsWith("exec_create", StringComparison.Ordinal)) == 4000);
        var text = new StringBuilder();
        var buffer = new byte[1 << 16];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!text.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal) && await slow.ReceiveAsync(buffer, deadline.Token) is var count and > 0)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        var events = text.ToString().Split('\n').Where(line => line.StartsWith('{')).ToList();
        Assert.InRange(events.Count, 1024, 3999);
        using var last = JsonDocument.Parse(events[^1]);
        Assert.Equal("lagged", last.RootElement.GetProperty("Action").GetString());
        Assert.Contains("fell more than 1024 events behind", last.RootElement.GetProperty("Actor").GetProperty("Attributes").GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "attach?stream=1&stdin=1&stdout=1")]
    [InlineData("GET", "logs?follow=1&stdout=1")]
    [InlineData("GET", "stats")]
    [InlineData("POST", "wait")]
    [InlineData("POST", "exec")]
    public async Task Streams_OfClientsThatAreGone_AreLetGo(string method, string path)
    {
        await Docker.RunDetachedAsync("-i", "--name", "busy", "--network", "none", "busybox", "cat");
        var before = Descriptors();
        var sockets = new List<System.Net.Sockets.Socket>();
        for (var i = 0; i < 20; i++)
        {
            var (place, body) = ("containers/busy/" + path, "");
            if (path == "exec")
            {
                using var created = JsonDocument.Parse(await (await PostJsonAsync("/containers/busy/exec", """{"Cmd":["cat"],"AttachStdin":true,"AttachStdout":true}""")).Content.ReadAsStringAsync());
                (place, body) = ($"exec/{created.RootElement.GetProperty("Id").GetString()}/start", "{}");
            }

            var socket = await Engine.ConnectAsync();
            await socket.SendAsync(Encoding.ASCII.GetBytes($"{method} /{place} HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            sockets.Add(socket);
        }

        await Patience.UntilAsync("they are served", () => Descriptors() >= before + 20);
        sockets.ForEach(socket => socket.Dispose());

        // A few files stay open once they were needed.
        await Patience.UntilAsync("they are let go", () => Descriptors() <= before + 10);
    }

    [Fact]
    public async Task Execs_IntoContainersThatDie_AreAllAnswered()
    {
        var answers = new List<HttpStatusCode>();
        for (var round = 0; round < 8; round++)
        {
            var id = await Docker.RunDetachedAsync("--network", "none", "busybox", "sleep", "300");
            var execs = Enumerable.Range(0, 6).Select(_ => ExecAsync(id)).ToList();
            await Task.Delay(round * 15);
            using var removed = await Http.DeleteAsync($"/containers/{id}?force=1");
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
            answers.AddRange(await Task.WhenAll(execs).WaitAsync(TimeSpan.FromSeconds(30)));
        }

        Assert.All(answers, answer => Assert.Contains(answer, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.Conflict]));

        async Task<HttpStatusCode> ExecAsync(string id)
        {
            using var created = await PostJsonAsync($"/containers/{id}/exec", """{"Cmd":["sleep","300"],"AttachStdout":true}""");
            if (created.StatusCode != HttpStatusCode.Created)
            {
                return created.StatusCode;
            }

            using var exec = JsonDocument.Parse(await created.Content.ReadAsStringAsync());
            using var started = await PostJsonAsync($"/exec/{exec.RootElement.GetProperty("Id").GetString()}/start", "{}");
            return started.StatusCode;
        }
    }

    [Fact]
    public async Task Containers_ManyAtOnce_LeaveTheEngineAnswering()
    {
        var count = s_full ? 200 : 50;
        await using var pinger = new Pinger(Engine);

        var started = await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            using var created = await PostJsonAsync($"/containers/create?name=many{i}", """{"Image":"busybox","Cmd":["sleep","600"]}""");
            using var answer = await Http.PostAsync($"/containers/many{i}/start", null);
            return answer.StatusCode;
        }));
        Assert.All(started, status => Assert.Equal(HttpStatusCode.NoContent, status));
        Assert.Equal(count, (await Docker.RunAsync("ps", "-q")).Lines.Length);

        var removed = await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            using var answer = await Http.DeleteAsync($"/containers/many{i}?force=1");
            return answer.StatusCode;
        }));

        Assert.All(removed, status => Assert.Equal(HttpStatusCode.NoContent, status));
        Assert.True(pinger.Count > 20);
        Assert.True(pinger.Longest < TimeSpan.FromSeconds(1), $"/_ping took {pinger.Longest}");
    }

    [Fact]
    public async Task ForkBomb_WithoutALimit_HasOneAndEnds()
    {
        var id = await Docker.RunDetachedAsync("--name", "bomb", "--network", "none", "busybox", "sleep", "600");
        await using var pinger = new Pinger(Engine);
        for (var i = 0; i < 6; i++)
        {
            (await Docker.RunAsync("exec", "-d", "bomb", "sh", "-c", "b() { b | b & }; b; b; b; sleep 600")).Succeeded();
        }

        var most = 0L;
        await Patience.UntilAsync("it is at its limit", async () =>
        {
            using var stats = JsonDocument.Parse(await Http.GetStringAsync($"/containers/{id}/stats?stream=0&one-shot=1"));
            var tasks = stats.RootElement.GetProperty("pids_stats");
            Assert.Equal(2048, tasks.GetProperty("limit").GetInt64());
            most = Math.Max(most, tasks.GetProperty("current").GetInt64());
            return most > 2000;
        });
        await RunSleeperAsync("--name", "neighbour", "--network", "none");

        var stopping = Stopwatch.StartNew();
        (await Docker.RunAsync("stop", "-t", "1", "bomb")).Succeeded();

        Assert.True(stopping.Elapsed < TimeSpan.FromSeconds(6), $"{stopping.Elapsed}");
        // The kernel counts a task before it refuses it (pids_try_charge of kernel/cgroup/pids.c): a few too many for a moment.
        Assert.True(most < 2100, $"{most}");
        Assert.Equal("exited 137", await Docker.InspectAsync("bomb", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.DoesNotContain(Ledger.Cgroups(Engine.Bridge), group => Directory.Exists($"{group}/{id}"));
        Assert.True(pinger.Longest < TimeSpan.FromSeconds(1), $"/_ping took {pinger.Longest}");
    }

    [Fact]
    public async Task Execs_ByTheThousand_LeaveNothingInTheEngine()
    {
        Assert.SkipUnless(s_full, "Only at full size.");
        await RunSleeperAsync("--name", "host");
        var (files, threads, memory) = (Descriptors(), Threads(), Memory());
        await using (var pinger = new Pinger(Engine))
        {
            for (var i = 0; i < 1000; i++)
            {
                Assert.Equal(i % 200, (await Docker.RunAsync("exec", "host", "sh", "-c", $"exit {i % 200}")).ExitCode);
            }

            var codes = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i => (await Docker.RunAsync("exec", "host", "sh", "-c", $"exit {i}")).ExitCode));
            Assert.Equal(Enumerable.Range(0, 200), codes);
            Assert.True(pinger.Longest < TimeSpan.FromSeconds(1), $"/_ping took {pinger.Longest}");
        }

        await Patience.UntilAsync(
            $"it has settled: {files} files, {threads} threads, {memory} bytes before; now {Descriptors()}, {Threads()}, {Memory()}",
            () => Descriptors() <= files + 10 && Threads() <= threads + 10 && Memory() <= memory + (64 << 20), TimeSpan.FromMinutes(1));
    }

    private int Descriptors() => Directory.GetFileSystemEntries($"/proc/{Engine.ProcessId}/fd").Length;

    private int Threads() => Directory.GetDirectories($"/proc/{Engine.ProcessId}/task").Length;

    private long Memory() => long.Parse(File.ReadAllText($"/proc/{Engine.ProcessId}/statm").Split(' ')[1]) * Environment.SystemPageSize;

    /// <summary>conmon: the parent of the first process.</summary>
    private async Task<string> MonitorOfAsync(string container) =>
        File.ReadAllText($"/proc/{await Docker.InspectAsync(container, "{{.State.Pid}}")}/stat").Split(") ")[^1].Split(' ')[1];

    private static long ReadBy(string process) => long.Parse(File.ReadLines($"/proc/{process}/io").First().Split(' ')[1]);

    private static bool IsHungUp(System.Net.Sockets.Socket socket)
    {
        try
        {
            socket.Send([0]);
            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }
}
