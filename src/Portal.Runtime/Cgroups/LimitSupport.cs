namespace Portal.Runtime.Cgroups;

/// <summary>Which limits this kernel keeps, and what of processors and memory nodes there is to give away. Read once at start.</summary>
public sealed record LimitSupport
{
    // Enough to meet one of an init system that has turned a controller on.
    private const int ChildrenAsked = 8;

    public bool Memory { get; init; } = true;

    /// <summary>Counts swap.</summary>
    public bool Swap { get; init; } = true;

    public bool MemoryReservation { get; init; } = true;

    /// <summary>Only v1.</summary>
    public bool OomKillDisable { get; init; } = true;

    /// <summary>Only v1.</summary>
    public bool Swappiness { get; init; } = true;

    /// <summary>Limits the buffers of TCP. Only v1.</summary>
    public bool KernelMemoryTcp { get; init; } = true;

    public bool CpuShares { get; init; } = true;

    /// <summary>Quota and period.</summary>
    public bool CpuQuota { get; init; } = true;

    /// <summary>Only v1, and only kernels built for it.</summary>
    public bool CpuRealtime { get; init; } = true;

    public bool Cpuset { get; init; } = true;

    /// <summary>Processors, <c>0-3,6</c>; empty when not known.</summary>
    public string Cpus { get; init; } = "";

    /// <summary>Memory nodes, <c>0</c>; empty when not known.</summary>
    public string Mems { get; init; } = "";

    public bool BlockWeight { get; init; } = true;

    public bool BlockWeightDevices { get; init; } = true;

    /// <summary>Bytes and operations a second of block devices.</summary>
    public bool BlockThrottle { get; init; } = true;

    public bool Pids { get; init; } = true;

    /// <summary>Reads it from the hierarchies.</summary>
    public static LimitSupport Read(CgroupLocator locator) => locator.Version == CgroupVersion.V1 ? ReadV1(locator) : ReadV2(locator.PathOf("") ?? "");

    private static LimitSupport ReadV1(CgroupLocator locator)
    {
        bool Has(string controller, string file) => locator.PathOf(controller) is { } root && HasFile(root, file);
        var block = locator.PathOf("blkio");
        return new()
        {
            Memory = locator.PathOf("memory") is not null,
            Swap = Has("memory", "memory.memsw.limit_in_bytes"),
            MemoryReservation = Has("memory", "memory.soft_limit_in_bytes"),
            OomKillDisable = Has("memory", "memory.oom_control"),
            Swappiness = Has("memory", "memory.swappiness"),
            KernelMemoryTcp = Has("memory", "memory.kmem.tcp.limit_in_bytes"),
            CpuShares = Has("cpu", "cpu.shares"),
            CpuQuota = Has("cpu", "cpu.cfs_quota_us"),
            CpuRealtime = Has("cpu", "cpu.rt_period_us"),
            Cpuset = locator.PathOf("cpuset") is not null,
            Cpus = Text(locator.PathOf("cpuset"), "cpuset.cpus"),
            Mems = Text(locator.PathOf("cpuset"), "cpuset.mems"),
            BlockWeight = block is not null && WeighsBlocks(block, CgroupVersion.V1),
            BlockWeightDevices = Has("blkio", "blkio.weight_device"),
            BlockThrottle = Has("blkio", "blkio.throttle.read_bps_device"),
            Pids = locator.PathOf("pids") is not null,
        };
    }

    private static LimitSupport ReadV2(string root)
    {
        var (memory, cpu, io) = (HasController(root, "memory"), HasController(root, "cpu"), HasController(root, "io"));
        return new()
        {
            Memory = memory,

            // The root has no such file. Where no group has memory files yet, nothing speaks against it: it takes a boot option to turn it off.
            Swap = memory && (HasFile(root, "memory.swap.max") || !HasFile(root, "memory.max")),
            MemoryReservation = memory,
            OomKillDisable = false,
            Swappiness = false,
            KernelMemoryTcp = false,
            CpuShares = cpu,
            CpuQuota = cpu,
            CpuRealtime = false,
            Cpuset = HasController(root, "cpuset"),
            Cpus = Text(root, "cpuset.cpus.effective"),
            Mems = Text(root, "cpuset.mems.effective"),
            BlockWeight = WeighsBlocks(root, CgroupVersion.V2),

            // crun writes those of devices into this one file.
            BlockWeightDevices = io && HasFile(root, "io.bfq.weight"),
            BlockThrottle = io,
            Pids = HasController(root, "pids"),
        };
    }

    /// <summary>True when the kernel would weigh the block I/O of a group below <paramref name="root"/>.</summary>
    internal static bool WeighsBlocks(string root, CgroupVersion version)
    {
        // v1 has blkio.bfq.weight too where only that scheduler weighs, but crun 1.8 writes blkio.weight and nothing else.
        if (version == CgroupVersion.V1)
        {
            return HasFile(root, "blkio.weight");
        }

        // systemd leaves io off below the root until a unit asks for it, so no group need have its files before the first
        // container turns it on. The root's io.cost.qos tells that there will be io.weight.
        return HasController(root, "io") && (File.Exists(root + "/io.cost.qos") || HasFile(root, "io.weight") || HasFile(root, "io.bfq.weight"));
    }

    /// <summary>True when a v2 group can hand a controller on to the groups below it.</summary>
    internal static bool HasController(string group, string controller) =>
        Text(group, "cgroup.controllers").Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(controller);

    // On v2 the root group has no limit files, so the first children are asked too.
    private static bool HasFile(string group, string name)
    {
        try
        {
            return File.Exists($"{group}/{name}") || Directory.EnumerateDirectories(group).Take(ChildrenAsked).Any(child => File.Exists($"{child}/{name}"));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Text(string? group, string name)
    {
        try
        {
            return group is null ? "" : File.ReadAllText($"{group}/{name}").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
