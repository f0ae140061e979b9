using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Exec;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class OciSpecBuilderTests
{
    private static readonly ContainerId s_id = new(new string('a', 64));

    private static readonly OciHost s_host = new()
    {
        Capabilities = CapabilitySet.All & ~CapabilitySet.Of("CAP_SYS_RESOURCE"),
        CgroupVersion = CgroupVersion.V1,
        Architecture = System.Runtime.InteropServices.Architecture.X64,
        KernelVersion = new(6, 1),
        HostName = "box",
        HardLimits = new Dictionary<string, ulong> { ["nofile"] = 20_000 },
        OomScoreAdjustment = -100,
        ThermalPaths = ["/sys/devices/system/cpu/cpu0/thermal_throttle"],
    };

    private static OciSpecInput Input(ContainerSpec? spec = null, IReadOnlyList<ResolvedMount>? mounts = null, string workingDirectory = "/", ResolvedUser? user = null, OciHost? host = null) => new()
    {
        Container = new(
            s_id, "web", DateTimeOffset.UnixEpoch, spec ?? new ContainerSpec { Image = "busybox" },
            new(["/bin/sh"], ["-c", "true"], ["A=1", "PATH=/bin"], workingDirectory, "", new Dictionary<string, string>(), [], 15),
            default, ContainerStatus.Created, null, mounts ?? [], "/log", 0),
        RootPath = "/rootfs",
        HostsPath = "/run/hosts",
        Options = new(),
        Host = host ?? s_host,
        User = user ?? ResolvedUser.Root,
    };

    [Theory]
    [InlineData(new uint[0], new uint[] { 6 })]
    [InlineData(new uint[] { 6, 10 }, new uint[] { 6, 10 })]
    public void Build_User_HasThePrimaryGroupAmongTheOthersToo(uint[] others, uint[] expected)
    {
        var user = new ResolvedUser(5, 6, others, "/");

        using var run = JsonDocument.Parse(OciSpecBuilder.Build(Input(user: user)));
        using var exec = JsonDocument.Parse(OciSpecBuilder.BuildProcess(new(Input().Container, new ExecSpec { Command = ["id"] }, user, s_host)));

        Assert.Equal(expected, Groups(run.RootElement.GetProperty("process")));
        Assert.Equal(expected, Groups(exec.RootElement));

        static uint[] Groups(JsonElement process) => [.. process.GetProperty("user").GetProperty("additionalGids").EnumerateArray().Select(gid => gid.GetUInt32())];
    }

    [Fact]
    public void Build_PlainContainer_HasDockersDefaults()
    {
        using var json = JsonDocument.Parse(OciSpecBuilder.Build(Input()));
        var root = json.RootElement;
        var process = root.GetProperty("process");
        var linux = root.GetProperty("linux");

        Assert.Equal("1.0.2", root.GetProperty("ociVersion").GetString());
        Assert.Equal(["/bin/sh", "-c", "true"], Strings(process.GetProperty("args")));
        Assert.Equal(["PATH=/bin", "HOSTNAME=aaaaaaaaaaaa", "A=1", "HOME=/root"], Strings(process.GetProperty("env")));
        Assert.Equal(14, process.GetProperty("capabilities").GetProperty("effective").GetArrayLength());
        Assert.Equal(0, process.GetProperty("capabilities").GetProperty("inheritable").GetArrayLength());
        Assert.Equal($"/portal/{s_id}", linux.GetProperty("cgroupsPath").GetString());
        Assert.Equal(2048, linux.GetProperty("resources").GetProperty("pids").GetProperty("limit").GetInt64());
        Assert.False(linux.GetProperty("resources").GetProperty("devices")[0].GetProperty("allow").GetBoolean());
        Assert.Contains("/proc/kcore", Strings(linux.GetProperty("maskedPaths")));
        Assert.Contains("/sys/devices/system/cpu/cpu0/thermal_throttle", Strings(linux.GetProperty("maskedPaths")));
        Assert.Contains("/proc/sysrq-trigger", Strings(linux.GetProperty("readonlyPaths")));
        Assert.Equal(["pid", "ipc", "uts", "mount", "cgroup", "network"], linux.GetProperty("namespaces").EnumerateArray().Select(n => n.GetProperty("type").GetString()));
        Assert.False(root.TryGetProperty("hooks", out _));
        Assert.False(linux.GetProperty("resources").TryGetProperty("memory", out _));
    }

    [Fact]
    public void Build_SameInput_SameBytes() => Assert.Equal(OciSpecBuilder.Build(Input()), OciSpecBuilder.Build(Input()));

    [Fact]
    public void Resources_MemoryAndCpus_BecomeLimitSwapQuota()
    {
        var resources = OciSpecBuilder.BuildSpec(Input(new() { Image = "x", Resources = new() { MemoryBytes = 100, NanoCpus = 1_500_000_000, PidsLimit = -1 } })).Linux.Resources;

        Assert.Equal(new OciMemory(100, null, 200), resources.Memory);
        Assert.Equal((150_000, 100_000), (resources.Cpu!.Quota, resources.Cpu.Period));
        Assert.Null(resources.Pids);
    }

    [Fact]
    public void Resources_HostCannotCount_IsLeftOut()
    {
        var host = s_host with { Limits = new() { Swap = false, Pids = false, BlockWeight = false } };
        var resources = OciSpecBuilder.BuildSpec(Input(new() { Image = "x", Resources = new() { MemoryBytes = 100, BlkioWeight = 500 } }, host: host)).Linux.Resources;

        Assert.Equal((null, null, null), (resources.Memory!.Swap, resources.Pids, resources.BlockIO));
    }

    [Fact]
    public void Limits_WithoutSysResource_StayWithinTheAgentsOwn()
    {
        var process = OciSpecBuilder.BuildSpec(Input(new() { Image = "x", Ulimits = [new("nofile", -1, -1), new("core", 0, -1)], OomScoreAdjustment = -900 })).Process;

        Assert.Equal([new("RLIMIT_NOFILE", 20_000, 20_000), new("RLIMIT_CORE", ulong.MaxValue, 0)], process.Rlimits!);
        Assert.Equal(-100, process.OomScoreAdj);
    }

    [Fact]
    public void Privileged_GetsWhatTheAgentHasAndNoMore()
    {
        var spec = OciSpecBuilder.BuildSpec(Input(new() { Image = "x", Privileged = true }) with { Devices = new([new("/dev/fuse", "c", 10, 229, 0x1B6, 0, 0)], [new(true, "rwm")]) });

        Assert.Equal(s_host.Capabilities.ToNames(), spec.Process.Capabilities.Effective);
        Assert.Null(spec.Linux.Seccomp);
        Assert.Null(spec.Linux.MaskedPaths);
        Assert.Equal([new(true, "rwm")], spec.Linux.Resources.Devices);
        Assert.Equal("/dev/fuse", Assert.Single(spec.Linux.Devices!).Path);
        Assert.DoesNotContain("ro", spec.Mounts.Single(mount => mount.Destination == "/sys").Options);
    }

    [Fact]
    public void User_NotRoot_HasNoEffectiveCapabilities()
    {
        var capabilities = OciSpecBuilder.BuildSpec(Input(user: new(1000, 1000, [], "/home/x"))).Process.Capabilities;

        Assert.Equal((14, 0, 0), (capabilities.Bounding.Count, capabilities.Effective.Count, capabilities.Permitted.Count));
    }

    [Theory]
    [InlineData("/proc/self/fd/8")]
    [InlineData("/proc/1/cwd")]
    [InlineData("//proc/./self/../self/fd/8/")]
    [InlineData("/proc/thread-self/root")]
    [InlineData("/usr/../proc/12/root/../../../..")]
    [InlineData("relative")]
    public void WorkingDirectory_LeadsOut_IsRefused(string path)
    {
        Assert.Equal("container.working_directory", Assert.Throws<ErrorException>(() => OciSpecBuilder.Build(Input(workingDirectory: path))).Error.Code);
        Assert.Throws<ErrorException>(() => OciSpecBuilder.BuildProcess(new(Input().Container, new() { Command = ["x"], WorkingDirectory = path }, ResolvedUser.Root, s_host)));
    }

    [Fact]
    public void Exec_EnvironmentAndPrivileges_AreItsOwn()
    {
        var container = Input().Container;
        using var json = JsonDocument.Parse(OciSpecBuilder.BuildProcess(new(container, new ExecSpec { Command = ["id"], Tty = true, Privileged = true, Environment = ["A=2", "B=3"] }, ResolvedUser.Root, s_host)));

        Assert.Equal(["PATH=/bin", "HOSTNAME=aaaaaaaaaaaa", "TERM=xterm", "A=2", "B=3", "HOME=/root"], Strings(json.RootElement.GetProperty("env")));
        Assert.Equal(s_host.Capabilities.ToNames().Count, json.RootElement.GetProperty("capabilities").GetProperty("bounding").GetArrayLength());
        Assert.True(json.RootElement.GetProperty("terminal").GetBoolean());
    }

    [Fact]
    public void Mounts_VolumeAtEtc_DoesNotHideTheNetworkFiles()
    {
        var spec = OciSpecBuilder.BuildSpec(Input(mounts: [new(MountKind.Bind, null, "/h", "/etc", false, false, "")]));

        Assert.Equal(["/etc", "/etc/hosts"], spec.Mounts.Select(mount => mount.Destination).TakeLast(2));
    }

    [Fact]
    public void Mounts_UserTargets_ReplaceDefaultsAndComeParentFirst()
    {
        ResolvedMount[] mounts =
        [
            new(MountKind.Bind, null, "/b", "/data/sub", true, false, ""),
            new(MountKind.Volume, "v", "/v", "/data/", false, false, "rshared"),
            new(MountKind.Bind, null, "/h", "/etc/hosts", false, false, ""),
            new(MountKind.Tmpfs, null, "", "/dev/shm", false, false, "") { TmpfsOptions = "nosuid,nodev,exec,size=1m" },
        ];
        var spec = OciSpecBuilder.BuildSpec(Input(new() { Image = "x" }, mounts));

        Assert.Equal(["/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/data", "/data/sub", "/dev/shm", "/etc/hosts"], spec.Mounts.Select(mount => mount.Destination));
        Assert.Equal(["rbind", "ro", "rprivate", "rro"], spec.Mounts[7].Options);
        Assert.Equal(["nosuid", "nodev", "exec", "size=1m"], spec.Mounts[8].Options);
        Assert.Equal("shared", spec.Linux.RootfsPropagation);
    }

    [Theory]
    [InlineData(ReadOnlyReach.BestEffort, false, "6.1", "rbind ro rprivate rro")]
    [InlineData(ReadOnlyReach.Forced, false, "6.1", "rbind ro rprivate rro")]
    [InlineData(ReadOnlyReach.TopOnly, false, "6.1", "rbind ro rprivate")]
    [InlineData(ReadOnlyReach.BestEffort, false, "5.11", "rbind ro rprivate")]
    [InlineData(ReadOnlyReach.BestEffort, true, "6.1", "rbind ro rprivate")]
    public void Mounts_ReadOnly_ReachesAsFarAsItCan(ReadOnlyReach reach, bool isFile, string kernel, string options)
    {
        var mount = new ResolvedMount(MountKind.Bind, null, "/b", "/x", true, false, "rprivate") { ReadOnlyReach = reach, IsFile = isFile };

        var spec = OciSpecBuilder.BuildSpec(Input(mounts: [mount], host: s_host with { KernelVersion = new(kernel) }));

        Assert.Equal(options, string.Join(' ', spec.Mounts.Single(m => m.Destination == "/x").Options));
    }

    [Fact]
    public void Mounts_ForcedReadOnlyOnAnOldKernel_IsRefused()
    {
        var mount = new ResolvedMount(MountKind.Bind, null, "/b", "/x", true, false, "rprivate") { ReadOnlyReach = ReadOnlyReach.Forced };

        var error = Assert.Throws<ErrorException>(() => OciSpecBuilder.BuildSpec(Input(mounts: [mount], host: s_host with { KernelVersion = new(5, 11) })));

        Assert.StartsWith("rro is not supported", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mounts_NonRecursiveAndLockedOptions_AreKept()
    {
        ResolvedMount[] mounts =
        [
            new(MountKind.Bind, null, "/b", "/x", false, false, "rslave") { NonRecursive = true, LockedOptions = ["ro", "nosuid"] },
            new(MountKind.Tmpfs, null, "", "/t", true, false, "") { TmpfsOptions = "rw,nosuid" },
        ];

        var spec = OciSpecBuilder.BuildSpec(Input(mounts: mounts));

        Assert.Equal(["bind", "ro", "slave", "nosuid"], spec.Mounts.Single(m => m.Destination == "/x").Options);
        Assert.Equal(["nosuid", "ro"], spec.Mounts.Single(m => m.Destination == "/t").Options);
        Assert.Equal("rslave", spec.Linux.RootfsPropagation);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void UserNamespace_ThatIsJoined_IsToldItsMapsOnlyWhereWanted(bool isCrun, bool told)
    {
        var input = Input() with { UserPath = "/proc/1/fd/9", IsCrun = isCrun };

        var linux = OciSpecBuilder.BuildSpec(input with { Container = input.Container with { Mappings = new([new(0, 100_000, 65536)], [new(0, 200_000, 65536)]) } }).Linux;

        Assert.Equal("/proc/1/fd/9", linux.Namespaces.Single(n => n.Type == "user").Path);
        Assert.Equal(told ? [new OciIdMapping(0, 100_000, 65536)] : null, linux.UidMappings);
        Assert.Equal(told ? [new OciIdMapping(0, 200_000, 65536)] : null, linux.GidMappings);
    }

    [Fact]
    public void Network_HostAndOwn_DecideTheNamespace()
    {
        static NetworkAttachment At(string? path) => new(s_id, path, []);

        Assert.Equal("/run/netns/x", OciSpecBuilder.BuildSpec(Input() with { Attachment = At("/run/netns/x") }).Linux.Namespaces.Single(n => n.Type == "network").Path);
        Assert.DoesNotContain(OciSpecBuilder.BuildSpec(Input() with { Attachment = At(null) }).Linux.Namespaces, n => n.Type == "network");
    }

    [Fact]
    public void Namespaces_OfTheHost_AreNotMade()
    {
        var host = new NamespaceMode(NamespaceKind.Host);
        var spec = OciSpecBuilder.BuildSpec(Input(new() { Image = "x", PidMode = host, IpcMode = host, UtsMode = host, CgroupNamespaceMode = host, Init = true }));

        Assert.Equal(["mount", "network"], spec.Linux.Namespaces.Select(n => n.Type));
        Assert.Null(spec.Hostname);
        Assert.Contains("HOSTNAME=box", spec.Process.Env);
        Assert.Equal("/bin/sh", spec.Process.Args[0]);
    }

    [Fact]
    public void Namespaces_OfAnotherContainer_AreJoined()
    {
        var donor = new NamespaceMode(NamespaceKind.Container, "d");
        var input = Input(new() { Image = "x", PidMode = donor, IpcMode = donor, NetworkMode = "container:d", Sysctls = new Dictionary<string, string> { ["net.ipv4.ip_forward"] = "1" } });
        var spec = OciSpecBuilder.BuildSpec(input with
        {
            PidPath = "/p", IpcPath = "/i", NetworkPath = "/n", SharedMemoryPath = "/run/shm/d", Container = input.Container with { JoinedHostname = "donor" },
        });

        Assert.Equal(["pid=/p", "ipc=/i", "uts=", "mount=", "cgroup=", "network=/n"], spec.Linux.Namespaces.Select(n => $"{n.Type}={n.Path}"));
        Assert.Equal("donor", spec.Hostname);
        Assert.Equal(("bind", "/run/shm/d"), spec.Mounts.Where(m => m.Destination == "/dev/shm").Select(m => (m.Type, m.Source)).Single());
        Assert.Equal("1", spec.Linux.Sysctl!["net.ipv4.ip_forward"]);
    }

    [Fact]
    public void Ipc_None_HasNoSharedMemory() => Assert.DoesNotContain(
        OciSpecBuilder.BuildSpec(Input(new() { Image = "x", IpcMode = new(NamespaceKind.None) })).Mounts, mount => mount.Destination == "/dev/shm");

    [Fact]
    public void Domainname_IsASetting() => Assert.Equal(
        "example.org", OciSpecBuilder.BuildSpec(Input(new() { Image = "x", Domainname = "example.org" })).Linux.Sysctl!["kernel.domainname"]);

    [Theory]
    [InlineData("", "/portal/")]
    [InlineData("/", "/")]
    [InlineData("a/b", "/a/b/")]
    [InlineData("/a/b/", "/a/b/")]
    public void CgroupPath_Parents_LeadToTheContainer(string parent, string prefix) =>
        Assert.Equal(prefix + s_id, OciSpecBuilder.BuildSpec(Input(new() { Image = "x", CgroupParent = parent })).Linux.CgroupsPath);

    [Fact]
    public void Paths_OfOnesOwn_ReplaceTheDefaults()
    {
        var linux = OciSpecBuilder.BuildSpec(Input(new() { Image = "x", MaskedPaths = ["/etc/secret"], ReadOnlyPaths = [] })).Linux;

        Assert.Equal(["/etc/secret"], linux.MaskedPaths!);
        Assert.Empty(linux.ReadonlyPaths!);
    }

    [Fact]
    public void Init_PrefixesArgumentsAndBindsProgram()
    {
        var spec = OciSpecBuilder.BuildSpec(Input(new() { Image = "x", Init = true }));

        Assert.Equal(["/dev/init", "--", "/bin/sh"], spec.Process.Args.Take(3));
        Assert.Equal("/usr/bin/catatonit", spec.Mounts.Single(mount => mount.Destination == "/dev/init").Source);
    }

    [Theory]
    [InlineData("kernel.msgmax", true)]
    [InlineData("fs.mqueue.msg_max", true)]
    [InlineData("kernel.panic", false)]
    [InlineData("vm.swappiness", false)]
    public void Sysctl_OnlyNamespacedOnes_AreTaken(string name, bool allowed)
    {
        var input = Input(new() { Image = "x", Sysctls = new Dictionary<string, string> { [name] = "1" } });

        Assert.Equal(allowed, Record.Exception(() => OciSpecBuilder.Build(input)) is null);
    }

    private static IEnumerable<string?> Strings(JsonElement array) => array.EnumerateArray().Select(item => item.GetString());
}
