using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>A second of a host's life, as rates.</summary>
/// <param name="Host">Null for the first sample after connecting: a rate needs two.</param>
/// <param name="Containers">Every running container seen twice.</param>
internal sealed record StatsSample(HostStats? Host, IReadOnlyList<ContainerStats> Containers);

/// <summary>Makes rates of counters. A counter that went back (a restart) gives 0, never a negative rate or a spike.</summary>
internal sealed class StatsRates
{
    private Dictionary<ContainerId, ControlContainerStats> _containers = [];
    private ControlHostStats? _host;
    private DateTimeOffset _time;

    /// <summary>The rates since the batch before.</summary>
    public StatsSample Next(ControlStatsBatch batch)
    {
        if (!EngineTime.TryParse(batch.Time, out var time))
        {
            return new(null, []);
        }

        var seconds = (time - _time).TotalSeconds;
        var steady = _host is not null && seconds > 0;
        var seen = new Dictionary<ContainerId, ControlContainerStats>(batch.Containers.Count);
        var containers = new List<ContainerStats>(batch.Containers.Count);
        foreach (var now in batch.Containers)
        {
            if (!ContainerId.TryParse(now.Id, null, out var id))
            {
                continue;
            }

            seen[id] = now;
            if (steady && _containers.TryGetValue(id, out var before))
            {
                containers.Add(Rates(id, time, before, now, seconds, batch.Host.MemoryTotal));
            }
        }

        var host = steady ? HostRates(time, _host!, batch.Host, seconds) : null;
        (_containers, _host, _time) = (seen, batch.Host, time);
        return new(host, containers);
    }

    private static ContainerStats Rates(
        ContainerId id, DateTimeOffset time, ControlContainerStats before, ControlContainerStats now, double seconds, ulong hostMemory) => new(
        id, time,
        // Nanoseconds of processor time per second of wall time, as per cent.
        Delta(before.CpuTotal, now.CpuTotal) / (seconds * 1e9) * 100,
        ToLong(now.MemoryUsage > now.MemoryInactiveFile ? now.MemoryUsage - now.MemoryInactiveFile : 0),
        // No limit shows as 0 or as the kernel's largest number.
        ToLong(now.MemoryLimit == 0 || now.MemoryLimit > hostMemory ? hostMemory : now.MemoryLimit),
        Delta(before.RxBytes, now.RxBytes) / seconds,
        Delta(before.TxBytes, now.TxBytes) / seconds,
        Delta(before.ReadBytes, now.ReadBytes) / seconds,
        Delta(before.WriteBytes, now.WriteBytes) / seconds,
        ToLong(now.Pids))
    {
        CacheBytes = ToLong(Math.Min(now.MemoryInactiveFile, now.MemoryUsage)),
        ThrottledPercent = now.Periods == 0 ? null : Share(Delta(before.ThrottledPeriods, now.ThrottledPeriods), Delta(before.Periods, now.Periods)),
        Pressure = PressureRates(before.Pressure, now.Pressure, seconds),
    };

    private static HostStats HostRates(DateTimeOffset time, ControlHostStats before, ControlHostStats now, double seconds)
    {
        var (total, idle) = (Delta(before.CpuTotal, now.CpuTotal), Delta(before.CpuIdle, now.CpuIdle));
        return new(
            time, Share(total - idle, total),
            ToLong(now.MemoryTotal > now.MemoryAvailable ? now.MemoryTotal - now.MemoryAvailable : 0), ToLong(now.MemoryTotal),
            ToLong(now.DiskTotal > now.DiskFree ? now.DiskTotal - now.DiskFree : 0), ToLong(now.DiskTotal), now.Load1)
        {
            Pressure = PressureRates(before.Pressure, now.Pressure, seconds),
        };
    }

    private static Pressure? PressureRates(ControlPressure? before, ControlPressure? now, double seconds) => before is null || now is null ? null : new(
        Share(Delta(before.CpuSome, now.CpuSome), seconds * 1e9), Share(Delta(before.MemorySome, now.MemorySome), seconds * 1e9), Share(Delta(before.IoSome, now.IoSome), seconds * 1e9));

    private static double Share(double part, double whole) => whole > 0 ? Math.Clamp(part / whole * 100, 0, 100) : 0;

    private static double Delta(ulong before, ulong now) => now > before ? now - before : 0;

    private static long ToLong(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
