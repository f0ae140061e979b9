using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class ExecDetailTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Inspect_ShowsWhatWasAskedAndWhatBecameOfIt()
    {
        await Docker.RunDetachedAsync("--name", "host", "--network", "none", "-u", "1000:100", "busybox", "sleep", "300");
        var id = await CreateAsync("host", """{"Cmd":["sh","-c","while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 9"],"AttachStdout":true,"DetachKeys":"ctrl-a"}""");
        var before = await InspectAsync(id);
        Assert.Equal((false, JsonValueKind.Null, 0), (before.GetProperty("Running").GetBoolean(), before.GetProperty("ExitCode").ValueKind, before.GetProperty("Pid").GetInt32()));
        var config = before.GetProperty("ProcessConfig");
        Assert.Equal(("sh", "1000:100", "AQ=="), (config.GetProperty("entrypoint").GetString(), config.GetProperty("user").GetString(), before.GetProperty("DetachKeys").GetString()));

        Assert.Equal(HttpStatusCode.OK, (await PostJsonAsync($"/exec/{id}/start", """{"Detach":true}""")).StatusCode);
        var running = await InspectAsync(id);
        Assert.True(running.GetProperty("Running").GetBoolean());

        // The number is known a moment before the process is the command.
        await Patience.UntilAsync(
            "the number is the command's", async () => (await File.ReadAllTextAsync($"/proc/{running.GetProperty("Pid").GetInt32()}/cmdline")).Contains("sh\0", StringComparison.Ordinal));
        Assert.Equal(id, (await Docker.InspectAsync("host")).GetProperty("ExecIDs")[0].GetString());
        await ExpectErrorAsync(await PostJsonAsync($"/exec/{id}/start", "{}"), HttpStatusCode.Conflict, "is already running");

        (await Docker.RunAsync("exec", "host", "touch", "/tmp/go")).Succeeded();
        await Patience.UntilAsync("it has ended", async () => !(await InspectAsync(id)).GetProperty("Running").GetBoolean());
        Assert.Equal(9, (await InspectAsync(id)).GetProperty("ExitCode").GetInt32());
        Assert.Equal(JsonValueKind.Null, (await Docker.InspectAsync("host")).GetProperty("ExecIDs").ValueKind);
        await ExpectErrorAsync(await PostJsonAsync($"/exec/{id}/start", "{}"), HttpStatusCode.Conflict, "has already run");

        (await Docker.RunAsync("rm", "-f", "host")).Succeeded();
        await ExpectErrorAsync(await Http.GetAsync($"/exec/{id}/json"), HttpStatusCode.NotFound, $"No such exec instance: {id}");
    }

    [Fact]
    public async Task Terminal_HasItsSizeFromTheBeginning()
    {
        await RunSleeperAsync("--name", "host");
        var id = await CreateAsync("host", """{"Cmd":["sh","-c","trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done"],"Tty":true,"AttachStdin":true,"AttachStdout":true,"ConsoleSize":[33,99]}""");
        await using var client = await RawStream.PostAsync(Engine, $"/v1.51/exec/{id}/start", """{"Tty":true}""", framed: false);
        await client.UntilAsync("33 99");

        Assert.Equal(HttpStatusCode.OK, (await Http.PostAsync($"/exec/{id}/resize?h=20&w=50", null)).StatusCode);

        await client.UntilAsync("20 50");
    }

    [Fact]
    public async Task DetachKeys_OnATerminal_LeaveTheProcessRunning()
    {
        await RunSleeperAsync("--name", "host");
        await using var events = await EventLog.OpenAsync(Http);
        var id = await CreateAsync("host", """{"Cmd":["sh"],"Tty":true,"AttachStdin":true,"AttachStdout":true}""");
        await using var client = await RawStream.PostAsync(Engine, $"/v1.51/exec/{id}/start", """{"Tty":true}""", framed: false);
        await client.SendAsync("echo sum $((40+2))\n");
        await client.UntilAsync("sum 42");

        await client.SendAsync("\u0010\u0011");

        await client.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        await events.UntilAsync("host", "exec_detach");
        Assert.True((await InspectAsync(id)).GetProperty("Running").GetBoolean());
    }

    [Fact]
    public async Task Terminal_TypedToBeforeThereIsAPrompt_LosesNothing()
    {
        await RunSleeperAsync("--name", "host");
        for (var i = 0; i < 25; i++)
        {
            var id = await CreateAsync("host", """{"Cmd":["sh"],"Tty":true,"AttachStdin":true,"AttachStdout":true}""");
            await using var client = await RawStream.PostAsync(Engine, $"/v1.51/exec/{id}/start", """{"Tty":true}""", framed: false);
            await client.SendAsync("echo sum $((40+2)); exit 7\n");

            await client.Closed.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Contains("sum 42", client.Seen, StringComparison.Ordinal);
            Assert.Equal(7, (await InspectAsync(id)).GetProperty("ExitCode").GetInt32());
        }
    }

    [Fact]
    public async Task Privileged_HasAllCapabilities()
    {
        await RunSleeperAsync("--name", "host");

        var plain = (await Docker.RunAsync("exec", "host", "grep", "CapEff", "/proc/self/status")).Succeeded().Line;
        var all = (await Docker.RunAsync("exec", "--privileged", "host", "grep", "CapEff", "/proc/self/status")).Succeeded().Line;

        Assert.Equal("CapEff:\t00000000a80425fb", plain);
        Assert.NotEqual(plain, all);
        Assert.Equal((await File.ReadAllLinesAsync("/proc/self/status")).Single(l => l.StartsWith("CapEff", StringComparison.Ordinal)), all);
    }

    [Fact]
    public async Task Execs_WhoseContainerEnds_EndWithIt()
    {
        await Docker.RunDetachedAsync("--name", "dying", "--network", "none", "busybox", "sleep", "1");

        var execs = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            await Task.Delay(i * 200);
            return await Docker.RunAsync("exec", "dying", "sleep", "300");
        }));

        Assert.All(execs, exec => Assert.NotEqual(0, exec.ExitCode));
        Assert.Empty(Directory.GetFiles(Path.Combine(Engine.RunRoot, "execs")));
        Assert.DoesNotContain(Ledger.Processes(Engine.Root), p => p.Contains("/execs/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Execs_OfMissingAndStoppedContainers_AreRefused()
    {
        (await Docker.RunAsync("create", "--name", "still", "busybox")).Succeeded();

        await ExpectErrorAsync(await PostJsonAsync("/containers/nobody/exec", """{"Cmd":["true"]}"""), HttpStatusCode.NotFound, "No such container: nobody");
        await ExpectErrorAsync(await PostJsonAsync("/containers/still/exec", """{"Cmd":["true"]}"""), HttpStatusCode.Conflict, "is not running");
        await ExpectErrorAsync(await PostJsonAsync("/exec/nothing/start", "{}"), HttpStatusCode.NotFound, "No such exec instance: nothing");
        await ExpectErrorAsync(await Http.GetAsync("/exec/nothing/json"), HttpStatusCode.NotFound, "No such exec instance: nothing");
    }

    [Fact]
    public async Task Execs_ManyInARowAndManyAtOnce_AllEndRightAndLeaveNothing()
    {
        await Docker.RunDetachedAsync("--name", "host", "--network", "none", "busybox", "sleep", "300");
        await RunAsync(0);
        var (files, memory) = (Files(), Memory());

        for (var i = 0; i < 300; i++)
        {
            await RunAsync(i % 200);
        }

        var pings = PingAsync();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(RunAsync));
        Assert.InRange(await pings, TimeSpan.Zero, TimeSpan.FromSeconds(1));

        await Patience.UntilAsync($"descriptors are let go: {files} before", () => Files() <= files + 10);
        Assert.InRange(Memory() - memory, long.MinValue, 64 << 20);
        Assert.Empty(Directory.GetFiles(Path.Combine(Engine.RunRoot, "execs")));

        async Task RunAsync(int code)
        {
            var id = await CreateAsync("host", $$"""{"Cmd":["sh","-c","echo {{code}}; exit {{code}}"],"AttachStdout":true}""");
            await using var client = await RawStream.PostAsync(Engine, $"/v1.51/exec/{id}/start", """{"Detach":false}""");
            await client.Closed.WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal($"1:{code}\n", client.Seen);
            Assert.Equal(code, (await InspectAsync(id)).GetProperty("ExitCode").GetInt32());
        }

        async Task<TimeSpan> PingAsync()
        {
            var worst = TimeSpan.Zero;
            for (var i = 0; i < 20; i++)
            {
                var waited = Stopwatch.StartNew();
                (await Http.GetAsync("/_ping")).EnsureSuccessStatusCode();
                worst = waited.Elapsed > worst ? waited.Elapsed : worst;
                await Task.Delay(50);
            }

            return worst;
        }
    }

    /// <summary>Open descriptors but the sockets, of which this test keeps a pool.</summary>
    private int Files() => Directory.GetFiles($"/proc/{Engine.ProcessId}/fd").Count(path => new FileInfo(path).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == false);

    private long Memory() => long.Parse(
        File.ReadLines($"/proc/{Engine.ProcessId}/status").Single(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1024;

    private async Task<string> CreateAsync(string container, string json)
    {
        using var answer = await PostJsonAsync($"/v1.51/containers/{container}/exec", json);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document.RootElement.GetProperty("Id").GetString()!;
    }

    private async Task<JsonElement> InspectAsync(string id)
    {
        using var document = JsonDocument.Parse(await Http.GetStringAsync($"/v1.51/exec/{id}/json"));
        return document.RootElement.Clone();
    }
}

public sealed class ExecAdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Execs_OfAnAgentThatWasKilled_LeaveNothingButTheirProcesses()
    {
        await _docker.RunDetachedAsync("--name", "host", "--network", "none", "busybox", "sleep", "300");
        (await _docker.RunAsync("exec", "-d", "host", "sh", "-c", "sleep 2; echo done > /done")).Succeeded();
        var clients = Enumerable.Range(0, 5).Select(_ => _docker.RunAsync("exec", "host", "sleep", "200")).ToArray();
        await Patience.UntilAsync("all run", async () => (await _docker.InspectAsync("host", "{{len .ExecIDs}}")) == "6");

        await engine.KillAsync();
        Assert.All(await Task.WhenAll(clients), client => Assert.NotEqual(0, client.ExitCode));
        await engine.StartAsync();

        Assert.Empty(Directory.GetFiles(Path.Combine(engine.RunRoot, "execs")));
        Assert.DoesNotContain(Ledger.Processes(engine.Root), p => p.Contains("/execs/", StringComparison.Ordinal));
        Assert.Equal("running", await _docker.InspectAsync("host", "{{.State.Status}}"));

        // What was started detached goes on.
        await Patience.UntilAsync("it is done", async () => (await _docker.RunAsync("exec", "host", "cat", "/done")).Out == "done\n");
    }
}
