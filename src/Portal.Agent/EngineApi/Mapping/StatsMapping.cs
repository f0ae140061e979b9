using Portal.Domain.Engine.Models;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Samples as GET /containers/{id}/stats and the Control API show them.</summary>
internal static class StatsMapping
{
    private static readonly string s_never = EngineTime.Format(null);

    // What Docker shows of memory.stat. Clients tell cgroup v1 from v2 by which names are there.
    private static readonly string[] s_memoryV1 =
    [
        "active_anon", "active_file", "cache", "dirty", "hierarchical_memory_limit", "hierarchical_memsw_limit", "inactive_anon", "inactive_file",
        "mapped_file", "pgfault", "pgmajfault", "pgpgin", "pgpgout", "rss", "rss_huge", "total_active_anon", "total_active_file", "total_cache",
        "total_dirty", "total_inactive_anon", "total_inactive_file", "total_mapped_file", "total_pgfault", "total_pgmajfault", "total_pgpgin",
        "total_pgpgout", "total_rss", "total_rss_huge", "total_unevictable", "total_writeback", "unevictable", "writeback",
    ];

    private static readonly string[] s_memoryV2 =
    [
        "active_anon", "active_file", "anon", "anon_thp", "file", "file_dirty", "file_mapped", "file_writeback", "inactive_anon", "inactive_file",
        "kernel_stack", "pgactivate", "pgdeactivate", "pgfault", "pglazyfree", "pglazyfreed", "pgmajfault", "pgrefill", "pgscan", "pgsteal", "shmem",
        "slab", "slab_reclaimable", "slab_unreclaimable", "sock", "thp_collapse_alloc", "thp_fault_alloc", "unevictable", "workingset_activate",
        "workingset_nodereclaim", "workingset_refault",
    ];

    /// <summary>One object of the stream. Without a sample (the container does not run) everything is zero.</summary>
    public static StatsResponse Map(ContainerSnapshot container, ContainerReading reading)
    {
        var (current, previous) = (reading.Current, reading.Previous);
        var response = new StatsResponse
        {
            Id = container.Id.Value,
            Name = "/" + container.Name,
            Read = current is null ? s_never : EngineTime.Format(current.Time),
            PreRead = previous is null ? s_never : EngineTime.Format(previous.Time),
        };
        if (previous is not null)
        {
            response.PreCpu = Cpu(previous);
        }

        if (current is null)
        {
            return response;
        }

        var details = current.Details ?? new() { Version = CgroupVersion.V2 };
        response.Cpu = Cpu(current);

        // What Docker says of a container without a limit: nothing on v1, the largest number on v2.
        response.Pids = new() { Current = current.PidsCurrent, Limit = current.PidsLimit == 0 && details.Version == CgroupVersion.V2 ? ulong.MaxValue : current.PidsLimit };
        response.Memory = new()
        {
            Usage = current.MemoryUsage,
            MaxUsage = details.MemoryMaxUsage,
            Failcnt = details.MemoryFailures,
            Limit = current.MemoryLimit,
            Stats = Memory(details),
        };
        response.Blkio = Block(details);
        response.Networks = Networks(details.Interfaces);
        return response;
    }

    public static ControlStatsBatch Map(StatsBatch batch)
    {
        var containers = new List<ControlContainerStats>(batch.Containers.Count);
        foreach (var sample in batch.Containers)
        {
            containers.Add(Map(sample));
        }

        return new()
        {
            Time = EngineTime.Format(batch.Host.Time),
            Host = new()
            {
                CpuTotal = batch.Host.CpuTotal,
                CpuIdle = batch.Host.CpuIdle,
                OnlineCpus = batch.Host.OnlineCpus,
                MemoryTotal = batch.Host.MemoryTotal,
                MemoryAvailable = batch.Host.MemoryAvailable,
                DiskTotal = batch.Host.DiskTotal,
                DiskFree = batch.Host.DiskFree,
                Load1 = batch.Host.Load1,
                Pressure = Pressure(batch.Host.Pressure),
            },
            Containers = containers,
        };
    }

    private static ControlContainerStats Map(ContainerSample sample) => new()
    {
        Id = sample.Id.Value,
        CpuTotal = sample.CpuTotal,
        Periods = sample.ThrottlingPeriods,
        ThrottledPeriods = sample.ThrottledPeriods,
        ThrottledTime = sample.ThrottledTime,
        MemoryUsage = sample.MemoryUsage,
        MemoryInactiveFile = sample.MemoryInactiveFile,
        MemoryLimit = sample.MemoryLimit,
        SwapUsage = sample.SwapUsage,
        Pids = sample.PidsCurrent,
        PidsLimit = sample.PidsLimit,
        RxBytes = sample.RxBytes,
        TxBytes = sample.TxBytes,
        ReadBytes = sample.ReadBytes,
        WriteBytes = sample.WriteBytes,
        Pressure = Pressure(sample.Pressure),
    };

    private static ControlPressure? Pressure(PressureSample? sample) => sample is null ? null : new()
    {
        CpuSome = sample.Cpu.Some,
        CpuFull = sample.Cpu.Full,
        MemorySome = sample.Memory.Some,
        MemoryFull = sample.Memory.Full,
        IoSome = sample.Io.Some,
        IoFull = sample.Io.Full,
    };

    private static StatsCpu Cpu(ContainerSample sample) => new()
    {
        Usage = new()
        {
            Total = sample.CpuTotal,
            PerCpu = sample.Details is { PerCpu: { Count: > 0 } each } ? each : null,
            Kernel = sample.CpuKernel,
            User = sample.CpuUser,
        },
        SystemUsage = sample.SystemCpu,
        OnlineCpus = sample.OnlineCpus,
        Throttling = new() { Periods = sample.ThrottlingPeriods, ThrottledPeriods = sample.ThrottledPeriods, ThrottledTime = sample.ThrottledTime },
    };

    private static Dictionary<string, ulong> Memory(ContainerDetails details)
    {
        var names = details.Version == CgroupVersion.V1 ? s_memoryV1 : s_memoryV2;
        var stats = new Dictionary<string, ulong>(names.Length);
        foreach (var name in names)
        {
            if (details.MemoryStat.TryGetValue(name, out var value))
            {
                stats[name] = value;
            }
            else if (details.MemoryStat.TryGetValue(name + "_anon", out var anonymous))
            {
                // Since Linux 5.9 the kernel counts refaults and activations of anonymous pages and of files apart.
                stats[name] = anonymous + details.MemoryStat.GetValueOrDefault(name + "_file");
            }
        }

        return stats;
    }

    private static StatsBlkio Block(ContainerDetails details)
    {
        var block = new StatsBlkio { IoServiceBytesRecursive = Items(details.BlockBytes), IoServicedRecursive = Items(details.BlockRequests) };
        if (details.Version == CgroupVersion.V1)
        {
            // The counters of a scheduler that Linux no longer has (CFQ).
            block.IoQueueRecursive = block.IoServiceTimeRecursive = block.IoWaitTimeRecursive = [];
            block.IoMergedRecursive = block.IoTimeRecursive = block.SectorsRecursive = [];
        }

        return block;
    }

    private static List<StatsBlkioItem> Items(IReadOnlyList<BlockSample> samples)
    {
        var items = new List<StatsBlkioItem>(samples.Count);
        foreach (var sample in samples)
        {
            items.Add(new() { Major = sample.Major, Minor = sample.Minor, Op = sample.Operation, Value = sample.Value });
        }

        return items;
    }

    private static Dictionary<string, StatsNetwork>? Networks(IReadOnlyList<InterfaceSample> interfaces)
    {
        if (interfaces.Count == 0)
        {
            return null;
        }

        var networks = new Dictionary<string, StatsNetwork>(interfaces.Count);
        foreach (var link in interfaces)
        {
            networks[link.Name] = new()
            {
                RxBytes = link.RxBytes,
                RxPackets = link.RxPackets,
                RxErrors = link.RxErrors,
                RxDropped = link.RxDropped,
                TxBytes = link.TxBytes,
                TxPackets = link.TxPackets,
                TxErrors = link.TxErrors,
                TxDropped = link.TxDropped,
            };
        }

        return networks;
    }
}
