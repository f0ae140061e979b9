using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Containers;

/// <summary>Which limits are legal, in Docker's words. Pure.</summary>
internal static class ResourceValidation
{
    private const long MinimumMemory = 6 << 20, MaximumShares = 262_144;

    // What the kernel's own checks take: PID_MAX_LIMIT, max_cfs_runtime, and an int for sched_rt_period_us.
    private const long MaximumPids = 4 << 20, MaximumQuota = (1L << 44) - 1, MaximumRealtime = int.MaxValue;

    // A control file takes a page.
    private const int MaximumList = 4095;

    /// <summary>Checks limits.</summary>
    /// <param name="resources">What was asked.</param>
    /// <param name="processors">Processors of this host.</param>
    /// <exception cref="ErrorException">400: the first thing that is wrong.</exception>
    public static void Check(ContainerResources resources, int processors)
    {
        CheckMemory(resources);
        CheckCpu(resources, processors);
        CheckBlock(resources);
        if (resources.PidsLimit < -1)
        {
            throw Invalid("invalid_pids", string.Create(CultureInfo.InvariantCulture, $"invalid PIDs limit ({resources.PidsLimit}): -1 is for no limit"));
        }

        if (resources.PidsLimit > MaximumPids)
        {
            throw Invalid("invalid_pids", string.Create(CultureInfo.InvariantCulture, $"invalid PIDs limit ({resources.PidsLimit}): the maximum is {MaximumPids}"));
        }
    }

    private static void CheckMemory(ContainerResources resources)
    {
        if (resources.MemoryBytes is not 0 and < MinimumMemory)
        {
            throw Invalid("invalid_memory", "Minimum memory limit allowed is 6MB");
        }

        if (resources is { MemoryBytes: 0, MemorySwapBytes: > 0 })
        {
            throw Invalid("invalid_memory", "You should always set the Memory limit when using Memoryswap limit, see usage");
        }

        if (resources.MemorySwapBytes < -1)
        {
            throw Invalid("invalid_memory", string.Create(CultureInfo.InvariantCulture, $"invalid value for MemorySwap: {resources.MemorySwapBytes}"));
        }

        if (resources.MemorySwapBytes > 0 && resources.MemorySwapBytes < resources.MemoryBytes)
        {
            throw Invalid("invalid_memory", "Minimum memoryswap limit should be larger than memory limit, see usage");
        }

        if (resources.MemoryReservationBytes is not 0 and < MinimumMemory)
        {
            throw Invalid("invalid_memory", "Minimum memory reservation allowed is 6MB");
        }

        if (resources.MemoryBytes > 0 && resources.MemoryReservationBytes > resources.MemoryBytes)
        {
            throw Invalid("invalid_memory", "Minimum memory limit can not be less than memory reservation limit, see usage");
        }

        if (resources.MemorySwappiness is < 0 or > 100)
        {
            throw Invalid("invalid_memory", string.Create(CultureInfo.InvariantCulture, $"Invalid value: {resources.MemorySwappiness}, valid memory swappiness range is 0-100"));
        }

        if (resources.KernelMemoryTcpBytes < 0)
        {
            throw Invalid("invalid_memory", string.Create(CultureInfo.InvariantCulture, $"invalid value for KernelMemoryTCP: {resources.KernelMemoryTcpBytes}"));
        }
    }

    private static void CheckCpu(ContainerResources resources, int processors)
    {
        if (resources.NanoCpus < 0 || resources.NanoCpus > processors * 1_000_000_000L)
        {
            throw Invalid("invalid_cpu", $"range of CPUs is from 0.01 to {processors}.00, as there are only {processors} CPUs available");
        }

        if (resources is { NanoCpus: > 0, CpuPeriod: > 0 })
        {
            throw Invalid("invalid_cpu", "Conflicting options: Nano CPUs and CPU Period cannot both be set.");
        }

        if (resources is { NanoCpus: > 0, CpuQuota: > 0 })
        {
            throw Invalid("invalid_cpu", "Conflicting options: Nano CPUs and CPU Quota cannot both be set.");
        }

        // Less is no quota that the kernel takes.
        if (resources.NanoCpus is > 0 and < 10_000_000)
        {
            throw Invalid("invalid_cpu", $"range of CPUs is from 0.01 to {processors}.00, as there are only {processors} CPUs available");
        }

        if (resources.CpuPeriod is not 0 and (< 1000 or > 1_000_000))
        {
            throw Invalid("invalid_cpu", "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
        }

        if (resources.CpuQuota is > 0 and < 1000)
        {
            throw Invalid("invalid_cpu", "CPU cfs quota can not be less than 1ms (i.e. 1000)");
        }

        if (resources.CpuQuota is < -1 or > MaximumQuota)
        {
            throw Invalid("invalid_cpu", string.Create(CultureInfo.InvariantCulture, $"invalid CPU cfs quota ({resources.CpuQuota}): the maximum is {MaximumQuota}, and -1 is for no limit"));
        }

        if (resources.CpuShares < 0)
        {
            throw Invalid("invalid_cpu", string.Create(CultureInfo.InvariantCulture, $"invalid CPU shares ({resources.CpuShares}): value must be a positive integer"));
        }

        // Not clamped: 1 would be the kernel's 2, and 300000 its 262144.
        if (resources.CpuShares is 1)
        {
            throw Invalid("invalid_cpu", "the minimum allowed cpu-shares is 2");
        }

        if (resources.CpuShares > MaximumShares)
        {
            throw Invalid("invalid_cpu", string.Create(CultureInfo.InvariantCulture, $"the maximum allowed cpu-shares is {MaximumShares}"));
        }

        if (resources.CpuRealtimePeriod < 0 || resources.CpuRealtimeRuntime < 0)
        {
            throw Invalid("invalid_cpu", "cpu real-time period and runtime cannot be negative");
        }

        if (resources.CpuRealtimePeriod > MaximumRealtime || resources.CpuRealtimeRuntime > MaximumRealtime)
        {
            throw Invalid("invalid_cpu", $"cpu real-time period and runtime cannot be larger than {MaximumRealtime}");
        }

        if (resources is { CpuRealtimePeriod: not 0, CpuRealtimeRuntime: not 0 } && resources.CpuRealtimeRuntime > resources.CpuRealtimePeriod)
        {
            throw Invalid("invalid_cpu", "cpu real-time runtime cannot be higher than cpu real-time period");
        }

        CheckList("cpus", resources.CpusetCpus);
        CheckList("mems", resources.CpusetMems);
    }

    private static void CheckList(string what, string text)
    {
        if (text.Length > MaximumList)
        {
            throw Invalid("invalid_cpuset", $"Invalid value {text[..64]}… for cpuset {what}: it is longer than {MaximumList} characters");
        }

        if (!CpuList.TryParse(text, out _, out var reason))
        {
            throw Invalid("invalid_cpuset", $"Invalid value {text} for cpuset {what}: {reason}");
        }
    }

    private static void CheckBlock(ContainerResources resources)
    {
        if (resources.BlkioWeight is not 0 and (< 10 or > 1000))
        {
            throw Invalid("invalid_blkio", "Range of blkio weight is from 10 to 1000");
        }

        foreach (var limit in resources.BlkioWeightDevices)
        {
            if (limit.Value is < 10 or > 1000)
            {
                throw Invalid("invalid_blkio", $"Range of blkio weight is from 10 to 1000: {limit.Device}");
            }

            CheckDevice(limit);
        }

        foreach (var limit in (IEnumerable<BlockLimit>)[.. resources.BlkioReadBps, .. resources.BlkioWriteBps, .. resources.BlkioReadIops, .. resources.BlkioWriteIops])
        {
            if (limit.Value <= 0)
            {
                throw Invalid("invalid_blkio", string.Create(CultureInfo.InvariantCulture, $"invalid rate for device: {limit.Device}:{limit.Value}"));
            }

            CheckDevice(limit);
        }
    }

    private static void CheckDevice(BlockLimit limit)
    {
        if (!limit.Device.StartsWith("/dev/", StringComparison.Ordinal))
        {
            throw Invalid("invalid_blkio", $"bad format for device path: {limit.Device}");
        }
    }

    private static ErrorException Invalid(string reason, string message) => new(ErrorKind.Invalid, "container." + reason, message);
}
