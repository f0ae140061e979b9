using System.Globalization;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Cgroups;

/// <summary>A value for a control file.</summary>
/// <param name="Controller">Whose hierarchy the file is in; v2 has one for all.</param>
/// <param name="Files">Names the file may have: the first that is there takes the value.</param>
/// <param name="Value">As the kernel takes it.</param>
internal sealed record LimitWrite(string Controller, IReadOnlyList<string> Files, string Value);

/// <summary>What has to be written into the cgroups of a running container when its limits change, in an order the kernel takes. Pure.</summary>
internal static class LimitChanges
{
    private const long Unlimited = -1, DefaultPeriod = 100_000;

    // The range of cpu.shares, and of cpu.weight, blkio.weight and io.weight (cgroups(7)).
    private const long LowestShares = 2, HighestShares = 262_144, LowestBlock = 10, HighestBlock = 1000, HighestWeight = 10_000;

    /// <summary>The writes that lead from one set of limits to another.</summary>
    /// <param name="before">Limits in force.</param>
    /// <param name="after">Limits to be.</param>
    /// <param name="version">Which kind of files.</param>
    public static IReadOnlyList<LimitWrite> Of(OciResources before, OciResources after, CgroupVersion version)
    {
        var writes = new List<LimitWrite>();
        var (memory, cpu) = ((before.Memory ?? OciMemory.None, after.Memory ?? OciMemory.None), (before.Cpu ?? OciCpu.None, after.Cpu ?? OciCpu.None));
        if (version == CgroupVersion.V2)
        {
            MemoryV2(writes, memory.Item1, memory.Item2);
            CpuV2(writes, cpu.Item1, cpu.Item2);
        }
        else
        {
            MemoryV1(writes, memory.Item1, memory.Item2);
            CpuV1(writes, cpu.Item1, cpu.Item2);
        }

        Add(writes, "cpuset", "cpuset.cpus", cpu.Item1.Cpus, cpu.Item2.Cpus);
        Add(writes, "cpuset", "cpuset.mems", cpu.Item1.Mems, cpu.Item2.Mems);
        if (before.Pids != after.Pids)
        {
            writes.Add(new("pids", ["pids.max"], after.Pids is { } pids ? Number(pids.Limit) : "max"));
        }

        if (after.BlockIO?.Weight is { } weight && weight != before.BlockIO?.Weight)
        {
            writes.Add(version == CgroupVersion.V2
                ? new("io", ["io.bfq.weight", "io.weight"], "default " + Number(Scale(weight, LowestBlock, HighestBlock)))
                : new("blkio", ["blkio.weight", "blkio.bfq.weight"], Number(weight)));
        }

        return writes;
    }

    private static void MemoryV1(List<LimitWrite> writes, OciMemory before, OciMemory after)
    {
        // The kernel never lets memory and swap together be less than memory alone.
        var swapFirst = after.Swap == Unlimited || (before.Swap is > 0 and var old && after.Swap > old);
        if (swapFirst)
        {
            Add(writes, "memory", "memory.memsw.limit_in_bytes", before.Swap, after.Swap);
        }

        Add(writes, "memory", "memory.limit_in_bytes", before.Limit, after.Limit);
        if (!swapFirst)
        {
            Add(writes, "memory", "memory.memsw.limit_in_bytes", before.Swap, after.Swap);
        }

        Add(writes, "memory", "memory.soft_limit_in_bytes", before.Reservation, after.Reservation);
    }

    private static void MemoryV2(List<LimitWrite> writes, OciMemory before, OciMemory after)
    {
        Add(writes, "memory", "memory.max", before.Limit, after.Limit);
        if (after is { Limit: { } limit, Swap: { } swap } && (swap, limit) != (before.Swap, before.Limit))
        {
            // Here swap has a limit of its own.
            writes.Add(new("memory", ["memory.swap.max"], swap == Unlimited ? "max" : Number(swap - limit)));
        }

        Add(writes, "memory", "memory.low", before.Reservation, after.Reservation);
    }

    private static void CpuV1(List<LimitWrite> writes, OciCpu before, OciCpu after)
    {
        Add(writes, "cpu", "cpu.shares", before.Shares, after.Shares);
        Add(writes, "cpu", "cpu.cfs_period_us", before.Period, after.Period);
        Add(writes, "cpu", "cpu.cfs_quota_us", before.Quota, after.Quota);
        Add(writes, "cpu", "cpu.rt_period_us", before.RealtimePeriod, after.RealtimePeriod);
        Add(writes, "cpu", "cpu.rt_runtime_us", before.RealtimeRuntime, after.RealtimeRuntime);
    }

    private static void CpuV2(List<LimitWrite> writes, OciCpu before, OciCpu after)
    {
        if (after.Shares is { } shares && shares != before.Shares)
        {
            writes.Add(new("cpu", ["cpu.weight"], Number(Scale(shares, LowestShares, HighestShares))));
        }

        if ((after.Quota, after.Period) != (before.Quota, before.Period))
        {
            writes.Add(new("cpu", ["cpu.max"], $"{(after.Quota is > 0 and var quota ? Number(quota) : "max")} {Number(after.Period ?? DefaultPeriod)}"));
        }
    }

    private static long Scale(long value, long lowest, long highest) => 1 + ((value - lowest) * (HighestWeight - 1) / (highest - lowest));

    private static void Add(List<LimitWrite> writes, string controller, string file, long? before, long? after) =>
        Add(writes, controller, file, before is { } old ? Number(old) : null, after is { } value ? Number(value) : null);

    private static void Add(List<LimitWrite> writes, string controller, string file, string? before, string? after)
    {
        if (after is not null && after != before)
        {
            writes.Add(new(controller, [file], after));
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
