using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Containers;

/// <summary>What of the limits asked for this kernel keeps, and what is said of the others, in Docker's words. Pure.</summary>
internal static class ResourceFit
{
    /// <summary>Drops what the kernel does not keep.</summary>
    /// <param name="asked">Limits that passed <see cref="ResourceValidation"/>.</param>
    /// <param name="kernel">What it keeps.</param>
    /// <param name="warnings">Gets a sentence for each limit that was dropped, or that is dangerous.</param>
    /// <exception cref="ErrorException">400: processors or memory nodes that are not there.</exception>
    public static ContainerResources Fit(ContainerResources asked, LimitSupport kernel, ICollection<string> warnings)
    {
        var kept = Memory(asked, kernel, warnings);
        if (kept.PidsLimit is > 0 && !kernel.Pids)
        {
            warnings.Add("Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.");
            kept = kept with { PidsLimit = null };
        }

        return Block(Cpu(kept, kernel, warnings), kernel, warnings);
    }

    private static ContainerResources Memory(ContainerResources kept, LimitSupport kernel, ICollection<string> warnings)
    {
        if (kept.MemoryBytes > 0 && !kernel.Memory)
        {
            warnings.Add("Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.");
            kept = kept with { MemoryBytes = 0, MemorySwapBytes = -1 };
        }

        if (kept.MemoryBytes > 0 && kept.MemorySwapBytes != -1 && !kernel.Swap)
        {
            warnings.Add("Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.");
            kept = kept with { MemorySwapBytes = -1 };
        }

        if (kept.MemorySwappiness is not null && !kernel.Swappiness)
        {
            warnings.Add("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.");
            kept = kept with { MemorySwappiness = null };
        }

        if (kept.MemoryReservationBytes > 0 && !kernel.MemoryReservation)
        {
            warnings.Add("Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.");
            kept = kept with { MemoryReservationBytes = 0 };
        }

        if (kept.KernelMemoryTcpBytes > 0 && !kernel.KernelMemoryTcp)
        {
            warnings.Add("Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. Limitation discarded.");
            kept = kept with { KernelMemoryTcpBytes = 0 };
        }

        if (kept.OomKillDisabled && !kernel.OomKillDisable)
        {
            warnings.Add("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
            kept = kept with { OomKillDisabled = false };
        }

        if (kept is { OomKillDisabled: true, MemoryBytes: 0 })
        {
            warnings.Add("OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.");
        }

        return kept;
    }

    private static ContainerResources Cpu(ContainerResources kept, LimitSupport kernel, ICollection<string> warnings)
    {
        if (kept.NanoCpus > 0 && !kernel.CpuQuota)
        {
            throw Invalid("NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted");
        }

        if ((kept.CpuRealtimePeriod != 0 || kept.CpuRealtimeRuntime != 0) && !kernel.CpuRealtime)
        {
            throw Invalid("kernel does not support CPU real-time scheduler");
        }

        if (kept.CpuShares > 0 && !kernel.CpuShares)
        {
            warnings.Add("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.");
            kept = kept with { CpuShares = 0 };
        }

        if ((kept.CpuPeriod != 0 || kept.CpuQuota != 0) && !kernel.CpuQuota)
        {
            warnings.Add("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
            kept = kept with { CpuPeriod = 0, CpuQuota = 0 };
        }

        if (kept.CpusetCpus.Length + kept.CpusetMems.Length > 0 && !kernel.Cpuset)
        {
            warnings.Add("Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.");
            return kept with { CpusetCpus = "", CpusetMems = "" };
        }

        Demand("CPUs", kept.CpusetCpus, kernel.Cpus);
        Demand("memory nodes", kept.CpusetMems, kernel.Mems);
        return kept;
    }

    private static void Demand(string what, string asked, string available)
    {
        // Where the kernel does not say what there is, it has to refuse by itself.
        if (asked.Length > 0 && available.Length > 0
            && CpuList.TryParse(asked, out var numbers, out _) && CpuList.TryParse(available, out var all, out _) && !CpuList.IsWithin(numbers, all))
        {
            throw Invalid($"Requested {what} are not available - requested {asked}, available: {available}");
        }
    }

    private static ContainerResources Block(ContainerResources kept, LimitSupport kernel, ICollection<string> warnings)
    {
        if (kept.BlkioWeight > 0 && !kernel.BlockWeight)
        {
            warnings.Add("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
            kept = kept with { BlkioWeight = 0 };
        }

        if (kept.BlkioWeightDevices.Count > 0 && !kernel.BlockWeightDevices)
        {
            warnings.Add("Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.");
            kept = kept with { BlkioWeightDevices = [] };
        }

        if (kernel.BlockThrottle)
        {
            return kept;
        }

        Discard(kept.BlkioReadBps, "BPS Block I/O read", "Block I/O BPS read");
        Discard(kept.BlkioWriteBps, "BPS Block I/O write", "Block I/O BPS write");
        Discard(kept.BlkioReadIops, "IOPS Block read", "Block I/O IOPS read");
        Discard(kept.BlkioWriteIops, "IOPS Block write", "Block I/O IOPS write");
        return kept with { BlkioReadBps = [], BlkioWriteBps = [], BlkioReadIops = [], BlkioWriteIops = [] };

        void Discard(IReadOnlyList<BlockLimit> limits, string what, string discarded)
        {
            if (limits.Count > 0)
            {
                warnings.Add($"Your kernel does not support {what} limit or the cgroup is not mounted. {discarded} limit discarded.");
            }
        }
    }

    private static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "container.resources", message);
}
