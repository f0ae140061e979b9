using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>What an engine said of itself.</summary>
/// <param name="Name">The machine's host name.</param>
/// <param name="Facts">Its facts.</param>
/// <param name="HasStats">It is a Portal agent, and so gives the batched statistics.</param>
internal sealed record HostDescription(string Name, HostFacts Facts, bool HasStats);

/// <summary>What the watcher reads of a host. Failures are <see cref="ErrorException"/>s.</summary>
internal interface IHostUpstream
{
    /// <summary>Asks the engine who it is.</summary>
    Task<HostDescription> DescribeAsync(HostId host, CancellationToken ct);

    /// <summary>All containers, or of those <paramref name="only"/> the ones that exist.</summary>
    Task<IReadOnlyList<ContainerView>> ListAsync(HostId host, IReadOnlyCollection<ContainerId>? only, CancellationToken ct);

    /// <summary>Subscribes to container events; when this returns nothing that happens later is missed. Yields the container of each event.</summary>
    Task<IAsyncEnumerable<ContainerId>> OpenEventsAsync(HostId host, CancellationToken ct);

    /// <summary>Samples, one a second.</summary>
    IAsyncEnumerable<StatsSample> StatsAsync(HostId host, CancellationToken ct);
}
