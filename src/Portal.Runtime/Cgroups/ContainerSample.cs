using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>Raw counters of one container at one moment. Times are nanoseconds, sizes bytes.</summary>
public sealed record ContainerSample
{
    public required ContainerId Id { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>Of the first process of the run that was read.</summary>
    public int Pid { get; init; }

    public ulong CpuTotal { get; init; }

    public ulong CpuUser { get; init; }

    public ulong CpuKernel { get; init; }

    public ulong ThrottlingPeriods { get; init; }

    public ulong ThrottledPeriods { get; init; }

    public ulong ThrottledTime { get; init; }

    /// <summary>CPU time of the whole host at the same moment (all modes, proc_stat(5)).</summary>
    public ulong SystemCpu { get; init; }

    public int OnlineCpus { get; init; }

    public ulong MemoryUsage { get; init; }

    /// <summary>The limit, or the host's memory when there is none.</summary>
    public ulong MemoryLimit { get; init; }

    /// <summary>Page cache not used of late: v2 <c>inactive_file</c>, v1 <c>total_inactive_file</c>. Working set is usage minus this.</summary>
    public ulong MemoryInactiveFile { get; init; }

    public ulong SwapUsage { get; init; }

    public ulong PidsCurrent { get; init; }

    /// <summary>0 for none.</summary>
    public ulong PidsLimit { get; init; }

    /// <summary>Received over all links.</summary>
    public ulong RxBytes { get; init; }

    /// <summary>Sent over all links.</summary>
    public ulong TxBytes { get; init; }

    /// <summary>Read from all devices.</summary>
    public ulong ReadBytes { get; init; }

    /// <summary>Written to all devices.</summary>
    public ulong WriteBytes { get; init; }

    /// <summary>Null where the kernel does not say (v1).</summary>
    public PressureSample? Pressure { get; init; }

    /// <summary>Null unless somebody asked for them.</summary>
    public ContainerDetails? Details { get; init; }
}

/// <summary>What only the Engine API's own stats show.</summary>
public sealed record ContainerDetails
{
    public required CgroupVersion Version { get; init; }

    /// <summary>Processor time on each processor; empty on v2, which does not count it.</summary>
    public IReadOnlyList<ulong> PerCpu { get; init; } = [];

    /// <summary>Most that was ever used; 0 on v2.</summary>
    public ulong MemoryMaxUsage { get; init; }

    /// <summary>How often the limit was hit: v1 <c>failcnt</c>, v2 <c>oom</c> of memory.events.</summary>
    public ulong MemoryFailures { get; init; }

    /// <summary>memory.stat as it is.</summary>
    public IReadOnlyDictionary<string, ulong> MemoryStat { get; init; } = new Dictionary<string, ulong>();

    /// <summary>The links the engine gave it; none when it uses the host's network.</summary>
    public IReadOnlyList<InterfaceSample> Interfaces { get; init; } = [];

    /// <summary>Bytes by device and operation. The kernel's own words: v1 <c>Read</c>, <c>Write</c>, <c>Sync</c>, …; v2 <c>read</c> and <c>write</c>.</summary>
    public IReadOnlyList<BlockSample> BlockBytes { get; init; } = [];

    /// <summary>Requests, likewise.</summary>
    public IReadOnlyList<BlockSample> BlockRequests { get; init; } = [];
}

public sealed record InterfaceSample(
    string Name, ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped);

/// <param name="Major">Device major number.</param>
/// <param name="Minor">Device minor number.</param>
/// <param name="Operation">What was done.</param>
/// <param name="Value">How much so far.</param>
public readonly record struct BlockSample(uint Major, uint Minor, string Operation, ulong Value);

/// <summary>How long tasks stood still for want of something (PSI), nanoseconds so far.</summary>
/// <param name="Some">At least one of them.</param>
/// <param name="Full">All of them at once.</param>
public readonly record struct Stall(ulong Some, ulong Full);

/// <summary>Pressure stall information, of a cgroup or of the host.</summary>
public sealed record PressureSample(Stall Cpu, Stall Memory, Stall Io);

/// <summary>A container at one tick.</summary>
/// <param name="Current">Null when it has no process, or none that could be read yet.</param>
/// <param name="Previous">The tick before in the same run; null for the first.</param>
public readonly record struct ContainerReading(ContainerSample? Current, ContainerSample? Previous);
