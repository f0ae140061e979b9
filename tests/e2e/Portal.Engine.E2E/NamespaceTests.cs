using System.Net;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Namespaces of the host and of other containers.</summary>
public sealed class NamespaceTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Run_InAnothersNamespaces_SharesWhatTheyHold()
    {
        await RunSleeperAsync("--name", "donor", "-h", "donor-host", "--ipc", "shareable", "--shm-size", "1m");
        (await Docker.RunAsync("exec", "donor", "sh", "-c", "echo shared > /dev/shm/f")).Succeeded();
        var address = await Docker.InspectAsync("donor", "{{.NetworkSettings.Networks.bridge.IPAddress}}");

        var run = (await Docker.RunAsync(
            "run", "--name", "joiner", "--pid", "container:donor", "--ipc", "container:donor", "--network", "container:donor", "busybox", "sh", "-c",
            "cat /proc/1/comm; cat /dev/shm/f; hostname; ip -4 -o addr show eth0 | awk '{print $4}'; tail -n 1 /etc/hosts; for n in pid ipc net; do test $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) && echo same $n; done")).Succeeded();

        Assert.Equal(["sh", "shared", "donor-host", $"{address}/20", $"{address}\tdonor-host", "same pid", "same ipc", "same net"], run.Lines);
        Assert.Equal(
            $"container:{await Docker.InspectAsync("donor", "{{.Id}}")} donor-host map[]",
            await Docker.InspectAsync("joiner", "{{.HostConfig.NetworkMode}} {{.Config.Hostname}} {{.NetworkSettings.Networks}}"));
    }

    [Theory]
    [InlineData("--pid", "cannot join PID of a non running container: ")]
    [InlineData("--ipc", "can't join IPC of container ")]
    [InlineData("--network", "cannot join network of a non running container: ")]
    public async Task Run_WithADonorThatDoesNotRun_FailsInDockersWords(string option, string words)
    {
        (await Docker.RunAsync("create", "--name", "still", "busybox")).Succeeded();

        Assert.Contains(words, (await Docker.RunAsync("run", "--rm", option, "container:still", "busybox", "true")).Err, StringComparison.Ordinal);
        Assert.Contains("No such container: nobody", (await Docker.RunAsync("run", option, "container:nobody", "busybox", "true")).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ipc_OfEveryKind_HasItsSharedMemory()
    {
        await RunSleeperAsync("--name", "keeps");

        Assert.Contains("non-shareable IPC (hint: use IpcMode:shareable for the donor container)", (await Docker.RunAsync("run", "--rm", "--ipc", "container:keeps", "busybox", "true")).Err, StringComparison.Ordinal);
        Assert.Equal("absent", (await Docker.RunAsync("run", "--rm", "--ipc", "none", "busybox", "sh", "-c", "test -e /dev/shm || echo absent")).Succeeded().Line);
        var host = new FileInfo("/proc/self/ns/ipc").LinkTarget;
        Assert.Equal(host, (await Docker.RunAsync("run", "--rm", "--ipc", "host", "busybox", "readlink", "/proc/self/ns/ipc")).Succeeded().Line);
        Assert.NotEqual(host, (await Docker.RunAsync("run", "--rm", "--ipc", "private", "busybox", "readlink", "/proc/self/ns/ipc")).Succeeded().Line);
    }

    [Fact]
    public async Task Ipc_Shareable_LeavesNothingBehind()
    {
        var id = await RunSleeperAsync("--name", "sharer", "--ipc", "shareable");
        Assert.Contains(Ledger.Mounts(Engine.Root), m => m.EndsWith($"/shm/{id}", StringComparison.Ordinal));

        (await Docker.RunAsync("stop", "sharer")).Succeeded();

        Assert.DoesNotContain(Ledger.Mounts(Engine.Root), m => m.Contains("/shm/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Namespaces_OfTheHost_AreTheHosts()
    {
        var run = (await Docker.RunAsync(
            "run", "--rm", "--pid", "host", "--uts", "host", "--cgroupns", "host", "busybox", "sh", "-c", "for n in pid uts cgroup; do readlink /proc/self/ns/$n; done; hostname")).Succeeded();

        Assert.Equal([.. ((string[])["pid", "uts", "cgroup"]).Select(n => new FileInfo($"/proc/self/ns/{n}").LinkTarget!), Environment.MachineName], run.Lines);
    }

    [Fact]
    public async Task Pid_OfTheHost_EndsWithAllItsProcesses()
    {
        var marker = $"31{Environment.ProcessId}";
        await Docker.RunDetachedAsync("--name", "guest", "--pid", "host", "busybox", "sh", "-c", $"sleep {marker} & exec sleep {marker}");
        await Patience.UntilAsync("both run", () => Sleeping(marker) == 2);

        (await Docker.RunAsync("rm", "-f", "guest")).Succeeded();

        Assert.Equal(0, Sleeping(marker));
    }

    [Fact]
    public async Task Network_OfAStartedAnewDonor_IsJoinedByStartingAnew()
    {
        await RunSleeperAsync("--name", "first");
        await RunSleeperAsync("--name", "second", "--network", "container:first");

        (await Docker.RunAsync("restart", "-t", "5", "first")).Succeeded();
        (await Docker.RunAsync("restart", "-t", "5", "second")).Succeeded();

        Assert.Equal(
            (await Docker.RunAsync("exec", "first", "readlink", "/proc/1/ns/net")).Succeeded().Line, (await Docker.RunAsync("exec", "second", "readlink", "/proc/1/ns/net")).Succeeded().Line);
    }

    [Theory]
    [InlineData("\"Hostname\":\"h\",\"HostConfig\":{\"NetworkMode\":\"container:x\"}", "conflicting options: hostname and the network mode")]
    [InlineData("\"HostConfig\":{\"NetworkMode\":\"container:x\",\"PortBindings\":{\"80/tcp\":[{}]}}", "conflicting options: port publishing and the container type network mode")]
    [InlineData("\"Hostname\":\"h\",\"HostConfig\":{\"UTSMode\":\"host\"}", "conflicting options: hostname and the UTS mode")]
    [InlineData("\"HostConfig\":{\"PidMode\":\"nope\"}", "invalid PID mode: nope")]
    [InlineData("\"HostConfig\":{\"IpcMode\":\"host\",\"Sysctls\":{\"kernel.shmmax\":\"1\"}}", "is not allowed in the hosts ipc namespace")]
    public async Task Create_WithConflictingModes_IsRefusedInDockersWords(string members, string words)
    {
        using var answer = await PostJsonAsync("/containers/create", $"{{\"Image\":\"busybox\",{members}}}");

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, words);
    }

    private static int Sleeping(string marker) => Directory.GetDirectories("/proc").Count(folder =>
    {
        try
        {
            return int.TryParse(Path.GetFileName(folder), out _) && File.ReadAllText(folder + "/cmdline") == $"sleep\0{marker}\0";
        }
        catch (IOException)
        {
            return false;
        }
    });
}

/// <summary>Joined namespaces outlive the agent.</summary>
public sealed class NamespaceAdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Joiner_AfterTheAgentWasKilled_StillSharesAndIsTakenDown()
    {
        await _docker.RunDetachedAsync("--name", "donor", "--ipc", "shareable", "busybox", "sleep", "300");
        await _docker.RunDetachedAsync("--name", "joiner", "--network", "container:donor", "--ipc", "container:donor", "busybox", "sleep", "300");

        await engine.KillAsync();
        await engine.StartAsync();

        (await _docker.RunAsync("exec", "donor", "sh", "-c", "echo x > /dev/shm/f")).Succeeded();
        Assert.Equal("x", (await _docker.RunAsync("exec", "joiner", "cat", "/dev/shm/f")).Succeeded().Line);
        (await _docker.RunAsync("run", "--rm", "--ipc", "container:donor", "busybox", "test", "-e", "/dev/shm/f")).Succeeded();

        (await _docker.RunAsync("rm", "-f", "joiner", "donor")).Succeeded();
        Assert.DoesNotContain(Ledger.Mounts(engine.Root), m => m.Contains("/shm/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SharedMemory_OfADonorThatEndsMeanwhile_IsSwept()
    {
        var id = await _docker.RunDetachedAsync("--name", "brief", "--ipc", "shareable", "busybox", "sleep", "1");
        var pid = await _docker.InspectAsync("brief", "{{.State.Pid}}");

        await engine.KillAsync();
        await Patience.UntilAsync("the container has ended", () => !Directory.Exists($"/proc/{pid}"));
        await engine.StartAsync();

        Assert.DoesNotContain(Ledger.Mounts(engine.Root), m => m.EndsWith($"/shm/{id}", StringComparison.Ordinal));
    }
}
