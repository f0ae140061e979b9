using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>
/// Reads cgroup counters. One pass a second serves all readers, and reads what they asked for; nobody watching, nothing is read.
/// A slow reader gets only the newest.
/// </summary>
public interface IStatsSampler
{
    /// <summary>The container's counters now, in detail; null when it does not run.</summary>
    ContainerSample? Read(ContainerId id);

    /// <summary>The host and all running containers, once a second, the first at once.</summary>
    IAsyncEnumerable<StatsBatch> FollowAsync(CancellationToken ct);

    /// <summary>One container in detail, once a second, whether it runs or not. Ends with <paramref name="ct"/> only.</summary>
    IAsyncEnumerable<ContainerReading> FollowAsync(ContainerId id, CancellationToken ct);
}
