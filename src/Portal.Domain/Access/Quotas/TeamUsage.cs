using System.Collections.Immutable;

namespace Portal.Domain.Access.Quotas;

/// <summary>What a team has on a host.</summary>
public sealed record TeamUsage
{
    /// <summary>Nothing.</summary>
    public static TeamUsage None { get; } = new();

    /// <summary>Its containers, running or not, with their limits.</summary>
    public ImmutableDictionary<string, ContainerLimits> Containers { get; init; } = ImmutableDictionary<string, ContainerLimits>.Empty;

    /// <summary>How many volumes it has: its own, and those without a name in its containers.</summary>
    public int Volumes { get; init; }

    /// <summary>Bytes. What has no limit counts as nothing: it is stopped at its next start.</summary>
    public Int128 MemoryBytes => Sum(limits => limits.MemoryTaken);

    /// <summary>Billionths of a processor, counted like memory.</summary>
    public Int128 NanoCpus => Sum(limits => limits.CpusTaken);

    // Wide, so that no sum of what people ask for turns around.
    private Int128 Sum(Func<ContainerLimits, Int128?> taken) => Containers.Values.Aggregate(Int128.Zero, (sum, limits) => sum + (taken(limits) ?? 0));
}
