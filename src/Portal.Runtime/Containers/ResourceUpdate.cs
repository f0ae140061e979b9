using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>Changed limits over those a container has, by Docker's rules: what is not said stays. Pure.</summary>
internal static class ResourceUpdate
{
    /// <summary>Merges.</summary>
    /// <param name="current">Limits of the container.</param>
    /// <param name="asked">Zero, empty and null members leave what is.</param>
    /// <exception cref="ErrorException">409: the two contradict each other.</exception>
    public static ContainerResources Merge(ContainerResources current, ContainerResources asked)
    {
        Demand(asked.NanoCpus > 0 && current.CpuPeriod > 0, "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
        Demand(asked.NanoCpus > 0 && current.CpuQuota > 0, "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
        Demand(asked.CpuPeriod > 0 && current.NanoCpus > 0, "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
        Demand(asked.CpuQuota > 0 && current.NanoCpus > 0, "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");

        // What was implied by the memory limit of creation does not follow a new one.
        var swap = current is { MemoryBytes: > 0, MemorySwapBytes: 0 } ? Twice(current.MemoryBytes) : current.MemorySwapBytes;
        Demand(
            asked is { MemoryBytes: not 0, MemorySwapBytes: 0 } && asked.MemoryBytes > swap,
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");

        return current with
        {
            MemoryBytes = Over(asked.MemoryBytes, current.MemoryBytes),
            MemorySwapBytes = Over(asked.MemorySwapBytes, swap),
            MemoryReservationBytes = Over(asked.MemoryReservationBytes, current.MemoryReservationBytes),
            NanoCpus = Over(asked.NanoCpus, current.NanoCpus),
            CpuShares = Over(asked.CpuShares, current.CpuShares),
            CpuPeriod = Over(asked.CpuPeriod, current.CpuPeriod),
            CpuQuota = Over(asked.CpuQuota, current.CpuQuota),
            CpuRealtimePeriod = Over(asked.CpuRealtimePeriod, current.CpuRealtimePeriod),
            CpuRealtimeRuntime = Over(asked.CpuRealtimeRuntime, current.CpuRealtimeRuntime),
            CpusetCpus = asked.CpusetCpus.Length > 0 ? asked.CpusetCpus : current.CpusetCpus,
            CpusetMems = asked.CpusetMems.Length > 0 ? asked.CpusetMems : current.CpusetMems,
            PidsLimit = asked.PidsLimit ?? current.PidsLimit,
            BlkioWeight = Over(asked.BlkioWeight, current.BlkioWeight),
        };
    }

    private static long Twice(long value) => value > long.MaxValue / 2 ? -1 : 2 * value;

    private static long Over(long asked, long current) => asked != 0 ? asked : current;

    private static void Demand(bool contradiction, string message)
    {
        if (contradiction)
        {
            throw new ErrorException(ErrorKind.Conflict, "container.update_conflict", message);
        }
    }
}
