using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent with few addresses, and an OCI runtime that fails when it is told to.</summary>
public sealed class FaultyEngine() : AgentProcess(12)
{
    /// <summary>Addresses for containers.</summary>
    public const int Addresses = 13;

    /// <summary>Holds <c>COMMAND FAULT</c>.</summary>
    public string Fault => Path.Combine(Root, "fault");

    protected override IReadOnlyList<string> Options => ["--bridge-subnet", Gateway[..^1] + "0/28", "--runtime", "faulty=" + Program()];

    private string Program()
    {
        var path = Path.Combine(Root, "faulty");
        if (!File.Exists(path))
        {
            File.WriteAllText(path,
                $"""
                #!/bin/sh
                read -r command fault < {Fault}
                case " $* " in *" $command "*)
                  case $fault in
                    garbage) head -c 2000 /dev/urandom; head -c 2000 /dev/urandom >&2; exit 1 ;;
                    killed) kill -9 $$ ;;
                    done) crun "$@"; echo 'it broke' >&2; exit 1 ;;
                  esac ;;
                esac
                exec crun "$@"

                """);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.WriteAllText(Fault, "none none\n");
        }

        return path;
    }
}

/// <summary>What goes wrong around an agent, and what is there afterwards.</summary>
public sealed class FaultTests(FaultyEngine engine) : IClassFixture<FaultyEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Agent_KilledAgainAndAgainWhileContainersComeAndGo_LosesNoAddress()
    {
        var before = await BalanceAsync();
        using var ending = new CancellationTokenSource();
        var churning = Task.WhenAll(ChurnAsync(0), ChurnAsync(1), ChurnAsync(2));
        for (var cycle = 0; cycle < 4; cycle++)
        {
            await Task.Delay(300 + 170 * cycle);
            await engine.KillAsync();
            await engine.StartAsync();
        }

        await ending.CancelAsync();
        await churning;
        await engine.ClearAsync();
        await NothingIsLeftAsync(before);

        await Task.WhenAll(Enumerable.Range(0, FaultyEngine.Addresses).Select(i => _docker.RunDetachedAsync("--name", $"all{i}", "busybox", "sleep", "300")));
        Assert.Contains("no available IPv4 addresses", (await _docker.RunAsync("run", "-d", "busybox", "true")).Err, StringComparison.Ordinal);

        async Task ChurnAsync(int number)
        {
            for (var i = 0; !ending.IsCancellationRequested; i++)
            {
                try
                {
                    var name = $"churn{number}x{i}";
                    var body = new StringContent("""{"Image":"busybox","Cmd":["sleep","300"],"Volumes":{"/v":{}}}""", Encoding.UTF8, "application/json");
                    using var created = await engine.Http.PostAsync($"/containers/create?name={name}", body);
                    using var started = await engine.Http.PostAsync($"/containers/{name}/start", null);
                    using var removed = await engine.Http.DeleteAsync($"/containers/{name}?force=1&v=1");
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(20);
                }
            }
        }
    }

    [Fact]
    public async Task Records_DamagedWhileTheAgentIsAway_AreSetAsideAndTheOthersWork()
    {
        // By the note of its start, one that runs comes back; one that does not is listed as what it is: broken.
        var runs = await _docker.RunDetachedAsync("--name", "runs", "busybox", "sleep", "300");
        var stopped = (await _docker.RunAsync("create", "--name", "stopped", "busybox", "true")).Succeeded().Line;
        (await _docker.RunAsync("create", "--name", "good", "busybox", "true")).Succeeded();
        (await _docker.RunAsync("volume", "create", "kept")).Succeeded();
        (await _docker.RunAsync("volume", "create", "fine")).Succeeded();
        await engine.KillAsync();
        string[] damaged = [$"containers/{runs}/record.json", $"containers/{stopped}/record.json", "volumes/kept/volume.json", .. Directory.GetFiles(engine.DataRoot + "/networks").Select(file => "networks/" + Path.GetFileName(file))];
        foreach (var file in damaged)
        {
            var content = await File.ReadAllTextAsync(Path.Combine(engine.DataRoot, file));
            await File.WriteAllTextAsync(Path.Combine(engine.DataRoot, file), content[..(content.Length / 2)]);
        }

        await engine.StartAsync();

        Assert.Equal("running", await _docker.InspectAsync("runs", "{{.State.Status}}"));
        Assert.Equal("in", (await _docker.RunAsync("exec", "runs", "echo", "in")).Succeeded().Line);
        Assert.Equal("dead", await _docker.InspectAsync(stopped, "{{.State.Status}}"));
        Assert.Contains("cannot be read", await _docker.InspectAsync(stopped, "{{.State.Error}}"), StringComparison.Ordinal);
        Assert.Contains(stopped[..12], (await _docker.RunAsync("ps", "-a")).Succeeded().Out, StringComparison.Ordinal);
        (await _docker.RunAsync("start", "-a", "good")).Succeeded();
        Assert.Equal("fine", (await _docker.RunAsync("volume", "ls", "-q")).Line);
        Assert.True(Directory.Exists(engine.DataRoot + "/volumes/kept/_data"));
        Assert.NotEqual(0, (await _docker.RunAsync("start", stopped)).ExitCode);
        Assert.NotEqual(0, (await _docker.RunAsync("rename", stopped, "other")).ExitCode);
        (await _docker.RunAsync("container", "prune", "-f")).Succeeded();
        Assert.All(damaged, file => Assert.NotEmpty(Directory.GetFiles(Path.Combine(engine.DataRoot, Path.GetDirectoryName(file)!), Path.GetFileName(file) + ".*")));

        (await _docker.RunAsync("rm", stopped)).Succeeded();
        Assert.False(Directory.Exists($"{engine.DataRoot}/containers/{stopped}"));
        Directory.Delete(engine.DataRoot + "/volumes/kept", recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Process_ThatHasTheNumbersOfAContainer_IsNotTouched(bool ofAnotherBoot)
    {
        var id = await _docker.RunDetachedAsync("--name", "gone", "busybox", "sleep", "300");
        await using var foreign = ChildProcess.Start("sleep", ["300"]);
        var groups = await File.ReadAllTextAsync($"/proc/{foreign.Id}/cgroup");
        var pid = await _docker.InspectAsync("gone", "{{.State.Pid}}");
        var monitor = Ledger.Processes(engine.Root).Single(p => p.Contains("conmon", StringComparison.Ordinal)).Split(' ')[0];
        await engine.KillAsync();
        await ChildProcess.RunAsync("kill", ["-9", monitor, pid]);
        var path = $"{engine.DataRoot}/containers/{id}/record.json";
        var record = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        var run = record["Run"]!;
        (run["Pid"], run["MonitorPid"]) = (foreign.Id, foreign.Id);
        if (ofAnotherBoot)
        {
            // Even the same tick since the start of the machine.
            run["BootId"] = Guid.NewGuid().ToString();
            var ticks = ulong.Parse((await File.ReadAllTextAsync($"/proc/{foreign.Id}/stat")).Split(") ")[^1].Split(' ')[19], CultureInfo.InvariantCulture);
            (run["Start"], run["MonitorStart"]) = (ticks, ticks);
        }

        await File.WriteAllTextAsync(path, record.ToJsonString());
        await engine.StartAsync();

        Assert.Equal("exited 255", await _docker.InspectAsync("gone", "{{.State.Status}} {{.State.ExitCode}}"));
        (await _docker.RunAsync("rm", "-f", "gone")).Succeeded();
        Assert.False(foreign.HasExited);
        Assert.Equal(groups, await File.ReadAllTextAsync($"/proc/{foreign.Id}/cgroup"));
    }

    [Theory]
    [InlineData("create garbage")]
    [InlineData("create killed")]
    [InlineData("create done")]
    [InlineData("start killed")]
    [InlineData("start done")]
    [InlineData("delete garbage")]
    [InlineData("delete killed")]
    public async Task OciRuntime_ThatFails_LeavesNothingAndCanBeUsedAgain(string fault)
    {
        (await _docker.RunAsync("create", "--name", "box", "--runtime", "faulty", "busybox", "sleep", "300")).Succeeded();
        var before = (await BalanceAsync()).Where(line => !line.StartsWith("file", StringComparison.Ordinal)).ToArray();

        await File.WriteAllTextAsync(engine.Fault, fault + "\n");
        var started = await _docker.RunAsync("start", "box");
        if (fault.StartsWith("delete", StringComparison.Ordinal))
        {
            started.Succeeded();
            (await _docker.RunAsync("stop", "-t", "0", "box")).Succeeded();
            Assert.Equal("exited 137", await _docker.InspectAsync("box", "{{.State.Status}} {{.State.ExitCode}}"));
        }
        else
        {
            Assert.NotEqual(0, started.ExitCode);
            Assert.Contains("OCI runtime create failed", await _docker.InspectAsync("box", "{{.State.Error}}"), StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(engine.Fault, "none none\n");
        await Patience.UntilAsync("nothing is left", async () => before.SequenceEqual((await BalanceAsync()).Where(line => !line.StartsWith("file", StringComparison.Ordinal))));
        (await _docker.RunAsync("start", "box")).Succeeded();
        Assert.Equal("running", await _docker.InspectAsync("box", "{{.State.Status}}{{.State.Error}}"));
    }

    [Fact]
    public async Task Agent_OnADataRootThatIsInUse_EndsAtOnce()
    {
        await _docker.RunDetachedAsync("--name", "box", "busybox", "sleep", "300");
        var waited = Stopwatch.StartNew();

        var second = await engine.RunAnotherAsync();

        Assert.NotEqual(0, second.ExitCode);
        Assert.Contains("already in use", second.Err, StringComparison.Ordinal);
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(2), $"{waited.Elapsed}");
        Assert.Equal("in", (await _docker.RunAsync("exec", "box", "echo", "in")).Succeeded().Line);
    }

    [Fact]
    public async Task Agent_ToldToEndWithFiftyStreamsOpen_EndsInTime()
    {
        await _docker.RunDetachedAsync("--name", "box", "busybox", "sh", "-c", "while :; do echo line; sleep 0.1; done");
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (_, ct) => new System.Net.Sockets.NetworkStream(await engine.ConnectAsync(ct), ownsSocket: true) }) { BaseAddress = new("http://engine") };
        var answers = await Task.WhenAll(Enumerable.Range(0, 44).Select(i => http.GetAsync((i % 3) switch
        {
            0 => "/containers/box/logs?follow=1&stdout=1",
            1 => "/events",
            _ => "/containers/box/stats",
        }, HttpCompletionOption.ResponseHeadersRead)));
        var execs = Enumerable.Range(0, 6).Select(_ => _docker.Start("exec", "box", "sh", "-c", "echo in; sleep 300")).ToArray();
        foreach (var exec in execs)
        {
            Assert.Equal("in", await exec.ReadLineAsync());
        }

        var reading = answers.Select(answer => Record.ExceptionAsync(() => answer.Content.CopyToAsync(Stream.Null)).AsTask()).ToArray();
        var waited = Stopwatch.StartNew();
        Assert.Equal(0, await engine.StopAsync());
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(5), $"{waited.Elapsed}");

        await Task.WhenAll(reading).WaitAsync(TimeSpan.FromSeconds(5));
        foreach (var exec in execs)
        {
            await exec.WaitAsync();
            await exec.DisposeAsync();
        }

        await engine.StartAsync();
        Assert.Equal("running", await _docker.InspectAsync("box", "{{.State.Status}}"));
    }

    [Fact]
    public async Task WhatAContainerConsistsOf_TakenAway_IsBackAfterARestart()
    {
        var before = await BalanceAsync();
        var id = await _docker.RunDetachedAsync("--name", "box", "busybox", "sleep", "300");
        var link = Ledger.Links(engine.Bridge).Single(name => name != engine.Bridge);
        (await ChildProcess.RunAsync("ip", ["link", "delete", link])).Succeeded();
        (await ChildProcess.RunAsync("umount", ["-l", $"{engine.RunRoot}/netns/{id}"])).Succeeded();
        (await ChildProcess.RunAsync("umount", ["-l", $"{engine.DataRoot}/containers-rw/{id}/merged"])).Succeeded();
        Directory.Delete($"{engine.RunRoot}/bundles/{id}", recursive: true);
        Directory.Delete($"{engine.RunRoot}/oci/{id}", recursive: true);

        (await _docker.RunAsync("restart", "-t", "0", "box")).Succeeded();
        Assert.Equal("running", await _docker.InspectAsync("box", "{{.State.Status}}{{.State.Error}}"));
        (await _docker.RunAsync("exec", "box", "ping", "-c", "1", "-W", "5", engine.Gateway)).Succeeded();

        Directory.Delete($"{engine.RunRoot}/bundles/{id}", recursive: true);
        Directory.Delete($"{engine.RunRoot}/oci/{id}", recursive: true);
        (await _docker.RunAsync("rm", "-f", "box")).Succeeded();
        await NothingIsLeftAsync(before);
    }

    [Fact]
    public async Task Container_FrozenByAnother_IsKilledAllTheSame()
    {
        await _docker.RunDetachedAsync("--name", "box", "busybox", "sleep", "300");
        var pid = await _docker.InspectAsync("box", "{{.State.Pid}}");
        var groups = (await File.ReadAllLinesAsync($"/proc/{pid}/cgroup")).Select(line => line.Split(':')).ToArray();
        var freezer = groups.FirstOrDefault(group => group[1] == "freezer");
        await File.WriteAllTextAsync(freezer is null ? $"/sys/fs/cgroup{groups[^1][2]}/cgroup.freeze" : $"/sys/fs/cgroup/freezer{freezer[2]}/freezer.state", freezer is null ? "1" : "FROZEN");

        (await _docker.RunAsync("rm", "-f", "box")).Succeeded();

        Assert.False(Directory.Exists("/proc/" + pid));
    }

    private Task<IReadOnlyList<string>> BalanceAsync() => Ledger.BalanceAsync(engine.Root, engine.Bridge, engine.ProcessId);

    private async Task NothingIsLeftAsync(IReadOnlyList<string> before)
    {
        IReadOnlyList<string> now = [];
        try
        {
            await Patience.UntilAsync("nothing is left", async () => before.SequenceEqual(now = await BalanceAsync()));
        }
        catch (Exception)
        {
            Assert.Equal(before, now);
            throw;
        }
    }
}
