using Portal.Domain.Containers;

namespace Portal.Domain.Access.Quotas;

/// <summary>How much a container may take; 0 for what was not said, below for no limit at all.</summary>
/// <param name="Memory">Bytes.</param>
/// <param name="NanoCpus">Billionths of a processor.</param>
/// <param name="CpuQuota">Microseconds in a period.</param>
/// <param name="CpuPeriod">Microseconds of a period; 0 for the kernel's 100,000.</param>
public readonly record struct ContainerLimits(long Memory, long NanoCpus, long CpuQuota, long CpuPeriod)
{
    private const long UsualPeriod = 100_000;

    /// <summary>Bytes of memory that it takes at most; null for no limit.</summary>
    public long? MemoryTaken => Memory > 0 ? Memory : null;

    /// <summary>Billionths of a processor that it takes at most; null for no limit. Said in two ways, the larger counts.</summary>
    public Int128? CpusTaken => CpuQuota < 0 || (NanoCpus <= 0 && CpuQuota == 0)
        ? null
        : Int128.Max(NanoCpus, (Int128)CpuQuota * 1_000_000_000 / (CpuPeriod > 0 ? CpuPeriod : UsualPeriod));

    /// <summary>Those of a container.</summary>
    public static ContainerLimits Of(ContainerResources resources) => new(resources.MemoryBytes, resources.NanoCpus, resources.CpuQuota, resources.CpuPeriod);

    /// <summary>What they are after an update: what that does not say stays.</summary>
    public ContainerLimits With(ContainerLimits change) => new(
        change.Memory != 0 ? change.Memory : Memory, change.NanoCpus != 0 ? change.NanoCpus : NanoCpus,
        change.CpuQuota != 0 ? change.CpuQuota : CpuQuota, change.CpuPeriod != 0 ? change.CpuPeriod : CpuPeriod);
}
