using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>What a container may do, and who may reach the engine's files, when nobody asked for anything.</summary>
public sealed class SecureDefaultTests(Engine engine) : EngineTest(engine)
{
    // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE and SETFCAP.
    private const string Capabilities = "00000000a80425fb";

    [Fact]
    public async Task Run_Plain_IsConfined()
    {
        await RunSleeperAsync("--name", "plain");

        foreach (var process in (string[])["1", "self"])
        {
            var status = (await Docker.RunAsync("exec", "plain", "cat", $"/proc/{process}/status")).Succeeded().Lines;
            Assert.Contains("CapBnd:\t" + Capabilities, status);
            Assert.Contains("CapEff:\t" + Capabilities, status);
            Assert.Contains("CapPrm:\t" + Capabilities, status);
            Assert.Contains("CapInh:\t0000000000000000", status);
            Assert.Contains("CapAmb:\t0000000000000000", status);
            Assert.Contains("Seccomp:\t2", status);
        }

        Assert.Equal("2048", await CgroupValueAsync("plain", "pids", "pids.max", "pids.max"));
        Assert.NotEqual(0, (await Docker.RunAsync("exec", "plain", "unshare", "-U", "true")).ExitCode);
        Assert.NotEqual(0, (await Docker.RunAsync("exec", "plain", "mount", "-t", "tmpfs", "none", "/tmp")).ExitCode);
        Assert.Equal("1", (await Docker.RunAsync("exec", "plain", "sh", "-c", "[ ! -e /proc/sys/net/ipv6 ] && echo 1 || cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6")).Line);
    }

    [Fact]
    public async Task Run_Plain_SeesNothingThroughMasks()
    {
        const string look = """
            for f in acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats; do
              f=/proc/$f
              if [ -d $f ]; then [ -z "$(ls -A $f)" ] || echo $f; elif [ -e $f ]; then [ -z "$(head -c 1 $f | tr '\0' x)" ] || echo $f; fi
            done
            for f in /sys/firmware /sys/devices/virtual/powercap /sys/devices/system/cpu/cpu*/thermal_throttle; do [ ! -e $f ] || [ -z "$(ls -A $f)" ] || echo $f; done
            for f in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do [ ! -e $f ] || grep -q " $f [^ ]* ro[, ]" /proc/mounts || echo $f; done
            echo done
            """;

        Assert.Equal(["done"], (await Docker.RunAsync("run", "--rm", "busybox", "sh", "-c", look)).Succeeded().Lines);
    }

    [Fact]
    public async Task Run_Plain_HasMountsWithoutPrograms()
    {
        var mounts = (await Docker.RunAsync("run", "--rm", "busybox", "cat", "/proc/mounts")).Succeeded().Lines.Select(line => line.Split(' ')).ToList();

        foreach (var place in (string[])["/proc", "/sys", "/dev/mqueue", "/dev/shm"])
        {
            Assert.Superset(new HashSet<string> { "nosuid", "nodev", "noexec" }, Options(place));
        }

        Assert.All(mounts.Where(m => m[1] == "/sys" || m[1].StartsWith("/sys/fs/cgroup/", StringComparison.Ordinal)), m => Assert.Contains("ro", m[3].Split(',')));
        Assert.Contains("size=65536k", Options("/dev"));
        Assert.Contains("size=65536k", Options("/dev/shm"));

        HashSet<string> Options(string place) => [.. mounts.First(m => m[1] == place)[3].Split(',')];
    }

    [Fact]
    public async Task Run_Plain_HasNoOtherDevicesAndDescriptors()
    {
        const string look = """
            ls /dev | grep -vE '^(console|core|fd|full|mqueue|null|ptmx|pts|random|shm|stderr|stdin|stdout|tty|urandom|zero)$'
            mknod /tmp/disk b 7 0 && cat /tmp/disk > /dev/null || echo closed
            mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg > /dev/null || echo closed
            """;

        Assert.Equal(["closed", "closed"], (await Docker.RunAsync("run", "--rm", "busybox", "sh", "-c", look)).Succeeded().Lines);
        foreach (var how in (string[])["-i", "-t"])
        {
            await Docker.RunDetachedAsync("--name", "looked", "--network", "none", how, "busybox", "sleep", "60");
            Assert.Equal(["0", "1", "2"], (await Docker.RunAsync("exec", "looked", "ls", "/proc/1/fd")).Succeeded().Lines);

            // What lists them has the folder open too.
            Assert.Equal(["0", "1", "2", "3"], (await Docker.RunAsync("exec", "looked", "ls", "/proc/self/fd")).Succeeded().Lines);
            (await Docker.RunAsync("rm", "-f", "looked")).Succeeded();
        }
    }

    [Fact]
    public async Task Inspect_Plain_SaysTheDefaults()
    {
        await Docker.RunAsync("create", "--name", "plain", "busybox");

        var host = (await Docker.InspectAsync("plain")).GetProperty("HostConfig");
        Assert.Equal("json-file", host.GetProperty("LogConfig").GetProperty("Type").GetString());
        Assert.Equal("no", host.GetProperty("RestartPolicy").GetProperty("Name").GetString());
        Assert.Equal("private", host.GetProperty("IpcMode").GetString());
        Assert.Equal("private", host.GetProperty("CgroupnsMode").GetString());
        Assert.Equal(64 << 20, host.GetProperty("ShmSize").GetInt64());
        Assert.False(host.GetProperty("Privileged").GetBoolean());
        using var info = JsonDocument.Parse(await Http.GetStringAsync("/info"));
        Assert.True(info.RootElement.GetProperty("LiveRestoreEnabled").GetBoolean());
        Assert.Contains("name=seccomp,profile=builtin", info.RootElement.GetProperty("SecurityOptions").EnumerateArray().Select(option => option.GetString()));
    }

    [Fact]
    public async Task Places_OfTheEngine_AreClosedToOthers()
    {
        await RunSleeperAsync("--name", "placed");
        var folder = $"{Engine.DataRoot}/containers/{await Docker.InspectAsync("placed", "{{.Id}}")}";

        Assert.Equal("710", Mode(Engine.DataRoot));
        Assert.Equal("710", Mode(Engine.RunRoot));
        Assert.Equal("660", Mode(Engine.Socket));
        Assert.Equal("710", Mode(folder));
        Assert.Equal("600", Mode(folder + "/record.json"));
        Assert.All(Directory.GetFiles(folder, "*.log"), log => Assert.Equal("600", Mode(log)));
        Assert.Equal("700", Mode($"{Engine.RunRoot}/bundles"));

        var walk = await ChildProcess.RunAsync("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "find", Engine.DataRoot, Engine.RunRoot + "/bundles"]);
        Assert.All(walk.Lines, line => Assert.Contains(line, (string[])[Engine.DataRoot, Engine.RunRoot + "/bundles"]));
        var ask = await ChildProcess.RunAsync("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "test", "-w", Engine.Socket]);
        Assert.NotEqual(0, ask.ExitCode);

        static string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);
    }

    [Fact]
    public async Task Helpers_OfTheEngine_GetNothingOfItsOwn()
    {
        await RunSleeperAsync("--name", "helped");
        var id = await Docker.InspectAsync("helped", "{{.Id}}");
        var monitor = Ledger.Processes(Engine.Root).Single(process => process.Contains("conmon", StringComparison.Ordinal) && process.Contains(id, StringComparison.Ordinal)).Split(' ')[0];

        var names = (await File.ReadAllTextAsync($"/proc/{monitor}/environ")).Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(variable => variable.Split('=')[0]);
        Assert.Empty(names.Except(["PATH", "LC_ALL", "_OCI_SYNCPIPE"]));
        var files = Directory.GetFiles($"/proc/{monitor}/fd").Select(file => new FileInfo(file).LinkTarget ?? "");
        Assert.DoesNotContain(files, file => file == Engine.Socket || file.StartsWith(Engine.DataRoot + "/containers/", StringComparison.Ordinal) && !file.Contains(id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agent_ListensToNothingButItsSocket()
    {
        var own = Directory.GetFiles($"/proc/{Engine.ProcessId}/fd").Select(file => new FileInfo(file).LinkTarget ?? "").ToHashSet();
        foreach (var table in (string[])["tcp", "tcp6", "udp", "udp6"])
        {
            if (File.Exists("/proc/net/" + table))
            {
                var sockets = (await File.ReadAllLinesAsync("/proc/net/" + table)).Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[9]);
                Assert.DoesNotContain(sockets, inode => own.Contains($"socket:[{inode}]"));
            }
        }
    }
}
