using Portal.Domain.Engine.Models;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Samples as GET /containers/{id}/stats and the Control API show them.</summary>
internal static class StatsMapping
{
    private static readonly string s_never = EngineTime.Format(null);

    /// <summary>One object of the stream. Without a sample (the container does not run) everything is zero.</summary>
    public static StatsResponse Map(ContainerSnapshot container, ContainerSample? previous, ContainerSample? current)
    {
        var response = new StatsResponse
        {
            Id = container.Id.Value,
            Name = "/" + container.Name,
            Read = current is null ? s_never : EngineTime.Format(current.Time),
            PreRead = previous is null ? s_never : EngineTime.Format(previous.Time),
            PreCpu = previous is null ? new() : Cpu(previous),
        };
        if (current is null)
        {
            return response;
        }

        response.Cpu = Cpu(current);
        response.Pids = new() { Current = current.PidsCurrent, Limit = current.PidsLimit == 0 ? ulong.MaxValue : current.PidsLimit };
        response.Memory = new() { Usage = current.MemoryUsage, Limit = current.MemoryLimit, Stats = Memory(current) };
        response.Blkio = new()
        {
            IoServiceBytesRecursive = [.. current.Block.Select(b => new StatsBlkioItem { Major = b.Major, Minor = b.Minor, Op = b.Operation, Value = b.Bytes })],
            IoServicedRecursive = null,
        };
        response.Networks = current.Interfaces.Count == 0 ? null : current.Interfaces.ToDictionary(i => i.Name, i => new StatsNetwork
        {
            RxBytes = i.RxBytes,
            RxPackets = i.RxPackets,
            RxErrors = i.RxErrors,
            RxDropped = i.RxDropped,
            TxBytes = i.TxBytes,
            TxPackets = i.TxPackets,
            TxErrors = i.TxErrors,
            TxDropped = i.TxDropped,
        });
        return response;
    }

    public static ControlStatsBatch Map(StatsBatch batch) => new()
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
        },
        Containers = [.. batch.Containers.Select(Map)],
    };

    private static ControlContainerStats Map(ContainerSample sample)
    {
        var stats = new ControlContainerStats
        {
            Id = sample.Id.Value,
            CpuTotal = sample.CpuTotal,
            ThrottledTime = sample.ThrottledTime,
            MemoryUsage = sample.MemoryUsage,
            MemoryInactiveFile = sample.MemoryInactiveFile,
            MemoryLimit = sample.MemoryLimit,
            Pids = sample.PidsCurrent,
        };
        foreach (var item in sample.Interfaces)
        {
            stats.RxBytes += item.RxBytes;
            stats.TxBytes += item.TxBytes;
        }

        foreach (var item in sample.Block)
        {
            if (item.Operation == "read")
            {
                stats.ReadBytes += item.Bytes;
            }
            else
            {
                stats.WriteBytes += item.Bytes;
            }
        }

        return stats;
    }

    private static StatsCpu Cpu(ContainerSample sample) => new()
    {
        Usage = new() { Total = sample.CpuTotal, Kernel = sample.CpuKernel, User = sample.CpuUser },
        SystemUsage = sample.SystemCpu,
        OnlineCpus = sample.OnlineCpus,
        Throttling = new() { Periods = sample.ThrottlingPeriods, ThrottledPeriods = sample.ThrottledPeriods, ThrottledTime = sample.ThrottledTime },
    };

    private static Dictionary<string, ulong> Memory(ContainerSample sample)
    {
        // Clients tell cgroup v1 from v2 by which of the two names is there.
        var stats = new Dictionary<string, ulong>(sample.MemoryStat);
        if (!stats.ContainsKey("total_inactive_file"))
        {
            stats["inactive_file"] = sample.MemoryInactiveFile;
        }

        return stats;
    }
}
