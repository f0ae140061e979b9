using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>Raw counters of one container at one moment. Times are nanoseconds, sizes bytes.</summary>
public sealed record ContainerSample
{
    public required ContainerId Id { get; init; }

    public required DateTimeOffset Time { get; init; }

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

    /// <summary>memory.stat as it is.</summary>
    public IReadOnlyDictionary<string, ulong> MemoryStat { get; init; } = new Dictionary<string, ulong>();

    public ulong PidsCurrent { get; init; }

    /// <summary>0 for none.</summary>
    public ulong PidsLimit { get; init; }

    public IReadOnlyList<InterfaceSample> Interfaces { get; init; } = [];

    public IReadOnlyList<BlockSample> Block { get; init; } = [];
}

public sealed record InterfaceSample(
    string Name, ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped);

/// <param name="Major">Device major number.</param>
/// <param name="Minor">Device minor number.</param>
/// <param name="Operation"><c>read</c> or <c>write</c>.</param>
/// <param name="Bytes">Bytes so far.</param>
public sealed record BlockSample(uint Major, uint Minor, string Operation, ulong Bytes);

/// <summary>The host at one moment.</summary>
/// <param name="Time">UTC.</param>
/// <param name="CpuTotal">Nanoseconds of all processors in all modes since boot.</param>
/// <param name="CpuIdle">Idle and I/O wait part of it.</param>
/// <param name="OnlineCpus">Processors online.</param>
/// <param name="MemoryTotal">Bytes.</param>
/// <param name="MemoryAvailable">Bytes (<c>MemAvailable</c>).</param>
/// <param name="DiskTotal">File system of the data root, bytes.</param>
/// <param name="DiskFree">Bytes.</param>
/// <param name="Load1">Load average over a minute.</param>
public sealed record HostSample(
    DateTimeOffset Time, ulong CpuTotal, ulong CpuIdle, int OnlineCpus, ulong MemoryTotal, ulong MemoryAvailable, ulong DiskTotal, ulong DiskFree, double Load1);

/// <summary>One tick: the host and every running container, read in one pass.</summary>
public sealed record StatsBatch(HostSample Host, IReadOnlyList<ContainerSample> Containers);

/// <summary>Reads cgroup counters. One pass per tick serves all readers; nobody watching, nothing is read.</summary>
public interface IStatsSampler
{
    /// <summary>The container's counters now; null when it does not run.</summary>
    ContainerSample? Read(ContainerId id);

    /// <summary>Batches, one per second, the first at once. A slow reader gets only the newest.</summary>
    IAsyncEnumerable<StatsBatch> FollowAsync(CancellationToken ct);
}
