using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class LimitSupportTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("limits").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>A stock Debian 12 after boot: systemd has turned on cpu, memory and pids only, so no group has io files.</summary>
    [Fact]
    public void WeighsBlocks_V2BeforeAnyGroupHasIo_IsToldByTheRoot()
    {
        Write("cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n");
        Write("cgroup.subtree_control", "cpu memory pids\n");
        Write("io.cost.qos", "");
        Write("system.slice/memory.swap.max", "max\n");

        Assert.True(LimitSupport.WeighsBlocks(_root, CgroupVersion.V2));
    }

    [Fact]
    public void WeighsBlocks_V2KernelWithoutWeights_IsFalse()
    {
        Write("cgroup.controllers", "cpuset cpu io memory pids\n");
        Write("system.slice/io.max", "");

        Assert.False(LimitSupport.WeighsBlocks(_root, CgroupVersion.V2));
    }

    [Fact]
    public void WeighsBlocks_V1_NeedsTheFileThatIsWritten()
    {
        Write("docker/blkio.bfq.weight", "100\n");
        Assert.False(LimitSupport.WeighsBlocks(_root, CgroupVersion.V1));
        Write("blkio.weight", "500\n");
        Assert.True(LimitSupport.WeighsBlocks(_root, CgroupVersion.V1));
    }

    [Fact]
    public void HasController_Listed_IsAWholeWord()
    {
        Write("cgroup.controllers", "cpuset io pids\n");

        Assert.True(LimitSupport.HasController(_root, "pids"));
        Assert.False(LimitSupport.HasController(_root, "cpu"));
        Assert.False(LimitSupport.HasController(_root + "/absent", "pids"));
    }

    [Fact]
    public void Read_V2_HasNoneOfTheFirstVersionsOwn()
    {
        Write("cgroup.controllers", "cpuset cpu io memory pids\n");
        Write("cpuset.cpus.effective", "0-3\n");
        Write("cpuset.mems.effective", "0\n");
        Write("system.slice/memory.max", "max\n");

        var kernel = LimitSupport.Read(RecordedTree.LocateV2(_root));

        Assert.True(kernel is { Memory: true, MemoryReservation: true, CpuShares: true, CpuQuota: true, Cpuset: true, BlockThrottle: true, Pids: true, Cpus: "0-3", Mems: "0" });
        Assert.True(kernel is { Swap: false, Swappiness: false, OomKillDisable: false, KernelMemoryTcp: false, CpuRealtime: false, BlockWeight: false, BlockWeightDevices: false });
    }

    [Fact]
    public void Read_V2BeforeAnyGroupHasMemory_TakesSwapAsCounted()
    {
        Write("cgroup.controllers", "memory\n");
        Write("init.scope/cgroup.procs", "");

        Assert.True(LimitSupport.Read(RecordedTree.LocateV2(_root)).Swap);
    }

    [Fact]
    public void Read_V1_GoesByTheFiles()
    {
        Write("memory/memory.swappiness", "60\n");
        Write("memory/memory.oom_control", "");
        Write("cpu/cpu.cfs_quota_us", "-1\n");
        Write("blkio/blkio.throttle.read_bps_device", "");

        var kernel = LimitSupport.Read(RecordedTree.LocateV1(_root));

        Assert.True(kernel is { Memory: true, Swappiness: true, OomKillDisable: true, BlockThrottle: true, Swap: false, MemoryReservation: false, CpuRealtime: false, BlockWeight: false });
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_root, name);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
