using System.Diagnostics;
using System.Globalization;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent whose containers have ids of their own, those that belong to a user made for it.</summary>
public sealed class RemappedEngine() : AgentProcess(2)
{
    private readonly string _user = $"pe-remap-{Environment.ProcessId}";

    /// <summary>What the containers' id 0 is on the host.</summary>
    public uint FirstId { get; } = (uint)(1_000_000_000 + (Environment.ProcessId % 10_000 * 65_536));

    public bool IsOn { get; set; } = true;

    protected override IReadOnlyList<string> Options
    {
        get
        {
            if (!Directory.Exists(DataRoot))
            {
                Run("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _user);
                var range = string.Create(CultureInfo.InvariantCulture, $"{FirstId}-{FirstId + 65_535}");
                Run("usermod", "--add-subuids", range, "--add-subgids", range, _user);
            }

            return IsOn ? ["--userns-remap", _user] : [];
        }
    }

    protected override Task LeaveAsync()
    {
        Run("userdel", _user);
        return Task.CompletedTask;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

public sealed class UserRemapTests(RemappedEngine engine) : IClassFixture<RemappedEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await engine.ClearAsync();
        await engine.ClearVolumesAsync();
    }

    [Fact]
    public async Task Container_IsRootInsideAndNobodyOutside()
    {
        var id = await _docker.RunDetachedAsync("busybox", "sleep", "300");
        var status = await File.ReadAllLinesAsync($"/proc/{await _docker.InspectAsync(id, "{{.State.Pid}}")}/status");

        Assert.Contains($"Uid:\t{engine.FirstId}\t{engine.FirstId}\t{engine.FirstId}\t{engine.FirstId}", status);
        Assert.Equal("uid=0(root) gid=0(root) groups=0(root)", (await _docker.RunAsync("exec", id, "id")).Succeeded().Line);
        Assert.Contains("name=userns", (await _docker.RunAsync("info", "--format", "{{.SecurityOptions}}")).Succeeded().Line, StringComparison.Ordinal);
        Assert.Equal("0 0", (await ChildProcess.RunAsync("stat", ["-c", "%u %g", "/dev/null"])).Line);
        var host = await _docker.RunAsync("run", "--rm", "-v", "/:/host", "busybox", "sh", "-c", "cat /host/etc/shadow; chmod 0 /host/dev/null; touch /host/x; ls /host/proc/1/root/; ls /host/root");
        Assert.Equal((1, ""), (host.ExitCode, host.Out));
    }

    [Fact]
    public async Task Files_OfRootAndVolumes_BelongToTheSameIdsOnTheDisk()
    {
        var id = await _docker.RunDetachedAsync(
            "-v", "owned:/v", "busybox", "sh", "-c", "touch /v/root /mine; touch /v/other /theirs; chown 1000:1001 /v/other /theirs; rm -r /home; mkdir /home; rm /etc/group; sleep 300");
        await Patience.UntilAsync("its files are there", async () => (await _docker.RunAsync("exec", id, "ls", "/home")).ExitCode == 0 && (await _docker.RunAsync("exec", id, "ls", "/etc/group")).ExitCode != 0);

        string[] expected = ["0 0", "1000 1001"];
        Assert.Equal(expected, (await ChildProcess.RunAsync("stat", ["-c", "%u %g", $"{engine.DataRoot}/volumes/owned/_data/root", $"{engine.DataRoot}/volumes/owned/_data/other"])).Lines);
        Assert.Equal(expected, (await ChildProcess.RunAsync("stat", ["-c", "%u %g", $"{engine.DataRoot}/containers-rw/{id}/diff/mine", $"{engine.DataRoot}/containers-rw/{id}/diff/theirs"])).Lines);
        foreach (var mode in (string[])["", "host"])
            Assert.Equal(expected, (await _docker.RunAsync("run", "--rm", $"--userns={mode}", "-v", "owned:/v", "busybox", "stat", "-c", "%u %g", "/v/root", "/v/other")).Succeeded().Lines);
        Assert.Equal("0 0", (await _docker.RunAsync("run", "--rm", "-v", "copied:/etc", "busybox", "stat", "-c", "%u %g", "/etc/passwd")).Succeeded().Line);
        Assert.Equal("0 0", (await Mounted.RunAsync(engine, "type=image,src=busybox,dst=/i", "stat", "-c", "%u %g", "/i/bin")).Succeeded().Line);
    }

    [Fact]
    public async Task Host_UserNamespace_TurnsItOffForOne()
    {
        Assert.Equal("privileged", (await _docker.RunAsync("run", "--rm", "--userns=host", "--privileged", "--net=host", "--pid=host", "busybox", "echo", "privileged")).Succeeded().Line);
        var id = (await _docker.RunAsync("create", "--userns=host", "busybox")).Succeeded().Line;
        Assert.Equal("host", await _docker.InspectAsync(id, "{{.HostConfig.UsernsMode}}"));
    }

    [Theory]
    [InlineData("--privileged", "privileged mode is incompatible with user namespaces.")]
    [InlineData("--net=host", "cannot share the host's network namespace when user namespaces are enabled")]
    [InlineData("--pid=host", "cannot share the host PID namespace when user namespaces are enabled")]
    public async Task Run_WithWhatAUserNamespaceCannotHave_IsRefused(string option, string message) =>
        Assert.Contains(message, (await _docker.RunAsync("run", "--rm", option, "busybox", "true")).Err, StringComparison.Ordinal);

    [Fact]
    public async Task Network_Ports_Streams_AndLimits_Work()
    {
        var port = 31_000 + (Environment.ProcessId % 10_000);
        var id = await _docker.RunDetachedAsync(
            "-p", $"{port}:80", "--memory", "64m", "--sysctl", "net.ipv4.ip_local_port_range=2000 3000", "busybox", "sh", "-c", "echo hello > /tmp/index.html; echo said > /dev/stderr; exec httpd -f -p 80 -h /tmp");
        using var web = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await Patience.UntilAsync("the server answers", async () =>
        {
            try
            {
                return await web.GetStringAsync($"http://{engine.Gateway}:{port}/") == "hello\n";
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });

        Assert.Equal("said\n", (await _docker.RunAsync("logs", id)).Err);
        (await _docker.RunAsync("exec", id, "ping", "-c", "1", engine.Gateway)).Succeeded();
        Assert.Equal("2000\t3000", (await _docker.RunAsync("exec", id, "cat", "/proc/sys/net/ipv4/ip_local_port_range")).Succeeded().Line);
        Assert.Equal("eth0\nlo\n", (await _docker.RunAsync("exec", id, "ls", "/sys/class/net")).Succeeded().Out);
        var exec = await _docker.RunWithInputAsync("typed\n", "exec", "-i", "-u", "1000", id, "sh", "-c", "id -u; cat < /dev/stdin; echo err > /dev/stderr; echo out > /dev/stdout");
        Assert.Equal(("1000\ntyped\nout\n", "err\n"), (exec.Succeeded().Out, exec.Err));
        Assert.Contains("64MiB", (await _docker.RunAsync("stats", "--no-stream", "--format", "{{.MemUsage}}", id)).Succeeded().Line, StringComparison.Ordinal);
        Assert.Contains("ended 3", (await _docker.RunOnTerminalAsync("tty; echo ended $((1+2)); exit\n", "run", "--rm", "-it", "-u", "1000", "busybox", "sh")).Out, StringComparison.Ordinal);
        var killed = await _docker.RunDetachedAsync("--memory", "16m", "--memory-swap", "16m", "busybox", "sh", "-c", "x=a; while :; do x=$x$x; done");
        await _docker.UntilAsync(killed, "{{.State.OOMKilled}} {{.State.ExitCode}}", "true 137");
    }

    [Fact]
    public async Task Namespaces_OfAnotherContainer_AreJoinedWithItsIds()
    {
        var donor = await _docker.RunDetachedAsync("--ipc", "shareable", "busybox", "sh", "-c", "echo shared > /dev/shm/file; sleep 300");
        var address = await _docker.InspectAsync(donor, "{{.NetworkSettings.IPAddress}}");

        var all = await _docker.RunAsync("run", "--rm", "--net", $"container:{donor}", "--pid", $"container:{donor}", "--ipc", $"container:{donor}", "busybox", "sh", "-c", "ip -4 -o a show eth0; cat /dev/shm/file; ps | grep -c 'sleep 300'");
        Assert.Contains(address, all.Succeeded().Lines[0], StringComparison.Ordinal);
        Assert.Equal("shared", all.Lines[1]);

        // With a network of its own, which belongs to the donor's user namespace.
        var own = await _docker.RunDetachedAsync("--pid", $"container:{donor}", "--ipc", $"container:{donor}", "busybox", "sleep", "300");
        Assert.NotEqual(address, await _docker.InspectAsync(own, "{{.NetworkSettings.IPAddress}}"));
        Assert.Contains(await _docker.InspectAsync(own, "{{.NetworkSettings.IPAddress}}"), (await _docker.RunAsync("exec", own, "cat", "/etc/hosts")).Out, StringComparison.Ordinal);
        Assert.Equal("eth0\nlo\n", (await _docker.RunAsync("exec", own, "ls", "/sys/class/net")).Succeeded().Out);
        (await _docker.RunAsync("exec", own, "ping", "-c", "1", engine.Gateway)).Succeeded();

        var host = await _docker.RunDetachedAsync("--userns=host", "busybox", "sleep", "300");
        Assert.Contains("it has another user namespace mapping", (await _docker.RunAsync("run", "--rm", "--net", $"container:{host}", "busybox", "true")).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Device_IsTheContainersOwnNode()
    {
        var run = await _docker.RunAsync("run", "--rm", "--device", "/dev/zero:/dev/mine:rw", "busybox", "sh", "-c", "stat -c '%u %a' /dev/mine; head -c 2 /dev/mine | od -An -tx1; echo > /dev/mine && chmod 0 /dev/mine && echo done");

        Assert.Equal(["0 666", "00 00", "done"], run.Succeeded().Lines);
        Assert.Equal("0 666", (await ChildProcess.RunAsync("stat", ["-c", "%u %a", "/dev/zero"])).Line);
    }

    [Fact]
    public async Task Agent_ThatIsKilledAndChangesItsSetting_KeepsContainersAsTheyWere()
    {
        var id = await Mounted.RunDetachedAsync(engine, ["type=image,src=busybox,dst=/i", "type=volume,src=kept,dst=/s,volume-subpath=."], ["kept:/v"], "sleep", "300");
        var before = await _docker.InspectAsync(id, "{{.State.Pid}} {{.State.StartedAt}}");
        var prepared = Prepared();
        Assert.Equal(4, prepared.Length);
        Directory.CreateDirectory($"{engine.RunRoot}/mounts/{new string('0', 64)}/0");

        await engine.KillAsync();
        engine.IsOn = false;
        await engine.StartAsync();

        Assert.Equal(before, await _docker.InspectAsync(id, "{{.State.Pid}} {{.State.StartedAt}}"));
        Assert.Equal(prepared, Prepared());
        Assert.False(Directory.Exists($"{engine.RunRoot}/mounts/{new string('0', 64)}"));
        (await _docker.RunAsync("exec", id, "touch", "/v/file", "/file")).Succeeded();
        (await _docker.RunAsync("restart", "-t", "0", id)).Succeeded();
        Assert.Equal(engine.FirstId.ToString(CultureInfo.InvariantCulture), (await ChildProcess.RunAsync("stat", ["-c", "%u", $"/proc/{await _docker.InspectAsync(id, "{{.State.Pid}}")}"])).Line);
        Assert.Equal("0 0", (await _docker.RunAsync("exec", id, "stat", "-c", "%u %g", "/v/file", "/file")).Succeeded().Lines.Distinct().Single());
        Assert.Equal("0 0 4294967295", (await _docker.RunAsync("run", "--rm", "busybox", "sh", "-c", "echo $(cat /proc/self/uid_map)")).Succeeded().Line);

        (await _docker.RunAsync("stop", "-t", "0", id)).Succeeded();
        Assert.Empty(Prepared());
        await engine.StopAsync();
        engine.IsOn = true;
        await engine.StartAsync();
        Assert.Equal($"0 {engine.FirstId} 65536", (await _docker.RunAsync("run", "--rm", "busybox", "sh", "-c", "echo $(cat /proc/self/uid_map)")).Succeeded().Line);
    }

    private string[] Prepared() => [.. Ledger.Mounts(engine.Root).Where(m => m.StartsWith(engine.RunRoot + "/mounts/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
