using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Engine.Mapping;

/// <summary>Limits, between the wire and the spec. Which values are legal is the runtime's to say.</summary>
public static class ResourceMapping
{
    public static ContainerResources Map(HostConfig host) => new()
    {
        MemoryBytes = host.Memory,
        MemoryReservationBytes = host.MemoryReservation,
        MemorySwapBytes = host.MemorySwap,

        // -1 is the client's "not said".
        MemorySwappiness = host.MemorySwappiness is -1 ? null : host.MemorySwappiness,
        OomKillDisabled = host.OomKillDisable ?? false,
        KernelMemoryTcpBytes = host.KernelMemoryTCP ?? 0,
        NanoCpus = host.NanoCpus,
        CpuShares = host.CpuShares,
        CpuPeriod = host.CpuPeriod,
        CpuQuota = host.CpuQuota,
        CpuRealtimePeriod = host.CpuRealtimePeriod,
        CpuRealtimeRuntime = host.CpuRealtimeRuntime,
        CpusetCpus = host.CpusetCpus ?? "",
        CpusetMems = host.CpusetMems ?? "",

        // The CLI sends 0 for "not said".
        PidsLimit = host.PidsLimit is 0 ? null : host.PidsLimit,
        BlkioWeight = host.BlkioWeight,
        BlkioWeightDevices = [.. (host.BlkioWeightDevice ?? []).Select(d => new BlockLimit(d.Path ?? "", d.Weight))],
        BlkioReadBps = Limits(host.BlkioDeviceReadBps),
        BlkioWriteBps = Limits(host.BlkioDeviceWriteBps),
        BlkioReadIops = Limits(host.BlkioDeviceReadIOps),
        BlkioWriteIops = Limits(host.BlkioDeviceWriteIOps),
    };

    /// <summary>Writes limits into the answer of inspect.</summary>
    public static void Show(ContainerResources resources, HostConfig host)
    {
        host.Memory = resources.MemoryBytes;
        host.MemoryReservation = resources.MemoryReservationBytes;
        host.MemorySwap = resources is { MemoryBytes: > 0, MemorySwapBytes: 0 } ? 2 * resources.MemoryBytes : resources.MemorySwapBytes;
        host.MemorySwappiness = resources.MemorySwappiness;
        host.OomKillDisable = resources.OomKillDisabled;
        host.KernelMemoryTCP = resources.KernelMemoryTcpBytes == 0 ? null : resources.KernelMemoryTcpBytes;
        host.NanoCpus = resources.NanoCpus;
        host.CpuShares = resources.CpuShares;
        host.CpuPeriod = resources.CpuPeriod;
        host.CpuQuota = resources.CpuQuota;
        host.CpuRealtimePeriod = resources.CpuRealtimePeriod;
        host.CpuRealtimeRuntime = resources.CpuRealtimeRuntime;
        host.CpusetCpus = resources.CpusetCpus;
        host.CpusetMems = resources.CpusetMems;
        host.PidsLimit = resources.PidsLimit;
        host.BlkioWeight = (int)resources.BlkioWeight;
        host.BlkioWeightDevice = [.. resources.BlkioWeightDevices.Select(d => new BlkioWeightDevice { Path = d.Device, Weight = (int)d.Value })];
        host.BlkioDeviceReadBps = Show(resources.BlkioReadBps);
        host.BlkioDeviceWriteBps = Show(resources.BlkioWriteBps);
        host.BlkioDeviceReadIOps = Show(resources.BlkioReadIops);
        host.BlkioDeviceWriteIOps = Show(resources.BlkioWriteIops);
    }

    private static List<BlockLimit> Limits(List<BlkioThrottleDevice>? devices) => [.. (devices ?? []).Select(d => new BlockLimit(d.Path ?? "", d.Rate))];

    private static List<BlkioThrottleDevice>? Show(IReadOnlyList<BlockLimit> limits) =>
        limits.Count == 0 ? null : [.. limits.Select(l => new BlkioThrottleDevice { Path = l.Device, Rate = l.Value })];
}
