using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Portal.Domain.Containers;

namespace Portal.Api.Containers;

/// <summary>What of a container can be changed. What is left out stays as it is.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ContainerUpdate
{
    internal const string Policies = "^(no|always|unless-stopped|on-failure(:[0-9]{1,9})?)$";

    /// <summary>Limits and reservations.</summary>
    public ContainerLimits? Resources { get; init; }

    /// <summary>When it starts again by itself: <c>no</c>, <c>always</c>, <c>unless-stopped</c>, <c>on-failure</c>, or <c>on-failure:</c> and how often at most.</summary>
    [RegularExpression(Policies)]
    public string? RestartPolicy { get; init; }
}

/// <summary>A new name.</summary>
/// <param name="Name" example="web-2">Letters, digits and <c>_ . -</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ContainerName([property: Required, MaxLength(255), RegularExpression("^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")] string Name);

/// <summary>Limits and reservations of a container. Null where there is none, or it is the engine's.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ContainerLimits
{
    /// <summary>The most memory.</summary>
    [Range(0, long.MaxValue)]
    public long? MemoryBytes { get; init; }

    /// <summary>Memory that it keeps when it gets scarce.</summary>
    [Range(0, long.MaxValue)]
    public long? MemoryReservationBytes { get; init; }

    /// <summary>Memory and swap together; -1 for as much swap as there is.</summary>
    [Range(-1, long.MaxValue)]
    public long? MemorySwapBytes { get; init; }

    /// <summary>How willingly it is swapped out, 0 to 100 (cgroup v1).</summary>
    [Range(0, 100)]
    public long? MemorySwappiness { get; init; }

    /// <summary>Its processes wait for memory instead of being killed (cgroup v1).</summary>
    public bool? OomKillDisabled { get; init; }

    /// <summary>Processors, such as 1.5.</summary>
    [Range(0, 65536)]
    public double? Cpus { get; init; }

    /// <summary>Weight against others, 2 to 262144.</summary>
    [Range(0, 262144)]
    public long? CpuShares { get; init; }

    /// <summary>Microseconds.</summary>
    [Range(0, 1_000_000)]
    public long? CpuPeriod { get; init; }

    /// <summary>Microseconds in each period.</summary>
    [Range(-1, 1_000_000_000)]
    public long? CpuQuota { get; init; }

    /// <summary>Microseconds of a real-time period (cgroup v1).</summary>
    [Range(0, long.MaxValue)]
    public long? CpuRealtimePeriod { get; init; }

    /// <summary>Microseconds of real time in each of them (cgroup v1).</summary>
    [Range(0, long.MaxValue)]
    public long? CpuRealtimeRuntime { get; init; }

    /// <summary>The processors it runs on, such as <c>0-3,8</c>.</summary>
    [MaxLength(1024), RegularExpression("^[0-9,-]*$")]
    public string? CpuSet { get; init; }

    /// <summary>The memory nodes it uses, such as <c>0,1</c>.</summary>
    [MaxLength(1024), RegularExpression("^[0-9,-]*$")]
    public string? MemoryNodes { get; init; }

    /// <summary>Processes and threads; -1 for as many as it likes.</summary>
    [Range(-1, long.MaxValue)]
    public long? PidsLimit { get; init; }

    /// <summary>Weight against others in block I/O, 10 to 1000.</summary>
    [Range(0, 1000)]
    public int? BlockWeight { get; init; }

    internal static ContainerLimits From(ContainerResources resources) => new()
    {
        MemoryBytes = Some(resources.MemoryBytes),
        MemoryReservationBytes = Some(resources.MemoryReservationBytes),
        MemorySwapBytes = Some(resources.MemorySwapBytes),
        MemorySwappiness = resources.MemorySwappiness,
        OomKillDisabled = resources.OomKillDisabled ? true : null,
        Cpus = resources.NanoCpus == 0 ? null : resources.NanoCpus / 1e9,
        CpuShares = Some(resources.CpuShares),
        CpuPeriod = Some(resources.CpuPeriod),
        CpuQuota = Some(resources.CpuQuota),
        CpuRealtimePeriod = Some(resources.CpuRealtimePeriod),
        CpuRealtimeRuntime = Some(resources.CpuRealtimeRuntime),
        CpuSet = resources.CpusetCpus.Length > 0 ? resources.CpusetCpus : null,
        MemoryNodes = resources.CpusetMems.Length > 0 ? resources.CpusetMems : null,
        PidsLimit = resources.PidsLimit,
        BlockWeight = resources.BlkioWeight == 0 ? null : (int)resources.BlkioWeight,
    };

    private static long? Some(long value) => value == 0 ? null : value;
}
