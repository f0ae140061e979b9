using Portal.Domain.Containers;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Oci;

/// <summary>
/// Limits in the form the OCI runtime writes into cgroups. Pure. The same for a new container and for one that runs
/// (<c>update --resources</c>).
/// </summary>
internal static class OciLimits
{
    /// <summary>Processes and threads of a container that sets no limit.</summary>
    public const long DefaultPids = 2048;

    private const long CpuPeriod = 100_000;

    /// <summary>Makes the resources, without device rules.</summary>
    /// <param name="asked">What was asked, checked.</param>
    /// <param name="kernel">What it does not support is left out.</param>
    /// <param name="devices">Numbers of the block devices that <paramref name="asked"/> names.</param>
    public static OciResources Build(ContainerResources asked, LimitSupport kernel, BlockDeviceNumbers devices)
    {
        var pids = asked.PidsLimit ?? DefaultPids;
        return new()
        {
            Memory = Memory(asked, kernel),
            Cpu = Cpu(asked, kernel),
            Pids = kernel.Pids && pids > 0 ? new(pids) : null,
            BlockIO = BlockIO(asked, kernel, devices),
        };
    }

    /// <summary>The same for a cgroup that is about to be made: it has no quota, so that none has to be taken away. crun 1.8 fails to write -1.</summary>
    /// <inheritdoc cref="Build" path="/param"/>
    public static OciResources OfNew(ContainerResources asked, LimitSupport kernel, BlockDeviceNumbers devices) =>
        Build(asked.CpuQuota < 0 ? asked with { CpuQuota = 0 } : asked, kernel, devices);

    private static OciMemory? Memory(ContainerResources asked, LimitSupport kernel)
    {
        var limit = Wanted(asked.MemoryBytes, kernel.Memory);
        long? swap = !kernel.Swap || limit is null ? null
            : asked.MemorySwapBytes switch
            {
                // Where twice is more than can be said, it is more than there is.
                0 => limit > long.MaxValue / 2 ? -1 : limit * 2,
                < 0 => -1,
                var total => total,
            };
        var memory = new OciMemory(limit, Wanted(asked.MemoryReservationBytes, kernel.MemoryReservation), swap)
        {
            KernelTCP = Wanted(asked.KernelMemoryTcpBytes, kernel.KernelMemoryTcp),
            Swappiness = kernel.Swappiness ? asked.MemorySwappiness : null,
            DisableOOMKiller = asked.OomKillDisabled && kernel.OomKillDisable ? true : null,
        };
        return memory == OciMemory.None ? null : memory;
    }

    private static OciCpu? Cpu(ContainerResources asked, LimitSupport kernel)
    {
        var (quota, period) = asked.NanoCpus > 0
            ? (asked.NanoCpus * CpuPeriod / 1_000_000_000, CpuPeriod)
            : (asked.CpuQuota, asked.CpuPeriod);
        var cpu = new OciCpu(
            Wanted(asked.CpuShares, kernel.CpuShares),
            kernel.CpuQuota && quota != 0 ? quota : null,
            Wanted(period, kernel.CpuQuota),
            kernel.Cpuset && asked.CpusetCpus.Length > 0 ? asked.CpusetCpus : null,
            kernel.Cpuset && asked.CpusetMems.Length > 0 ? asked.CpusetMems : null)
        {
            RealtimePeriod = Wanted(asked.CpuRealtimePeriod, kernel.CpuRealtime),
            RealtimeRuntime = Wanted(asked.CpuRealtimeRuntime, kernel.CpuRealtime),
        };
        return cpu == OciCpu.None ? null : cpu;
    }

    private static OciBlockIO? BlockIO(ContainerResources asked, LimitSupport kernel, BlockDeviceNumbers devices)
    {
        var weight = Wanted(asked.BlkioWeight, kernel.BlockWeight);
        var weights = kernel.BlockWeightDevices ? asked.BlkioWeightDevices : [];
        var throttled = kernel.BlockThrottle;
        var block = new OciBlockIO
        {
            Weight = weight is { } all ? (int)all : null,
            WeightDevice = weights.Count == 0 ? null : [.. weights.Select(limit => Weighted(devices.Numbers[limit.Device], limit.Value))],
            ThrottleReadBpsDevice = Throttle(asked.BlkioReadBps),
            ThrottleWriteBpsDevice = Throttle(asked.BlkioWriteBps),
            ThrottleReadIOPSDevice = Throttle(asked.BlkioReadIops),
            ThrottleWriteIOPSDevice = Throttle(asked.BlkioWriteIops),
        };
        return block == OciBlockIO.None ? null : block;

        IReadOnlyList<OciThrottleDevice>? Throttle(IReadOnlyList<BlockLimit> limits) =>
            !throttled || limits.Count == 0 ? null : [.. limits.Select(limit => Throttled(devices.Numbers[limit.Device], limit.Value))];
    }

    private static OciWeightDevice Weighted(DeviceNumber device, long weight) => new(device.Major, device.Minor, (int)weight);

    private static OciThrottleDevice Throttled(DeviceNumber device, long rate) => new(device.Major, device.Minor, rate);

    private static long? Wanted(long value, bool supported) => supported && value > 0 ? value : null;
}
