using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Domain.Hosts;

/// <summary>
/// Everything live, for pages and programs alike. Each call checks the actor; each stream is one more reader of the one
/// upstream subscription per host. Streams end when the token is cancelled.
/// </summary>
public interface IFleetFeeds
{
    /// <summary>All hosts the actor may see.</summary>
    Result<FeedSubscription<HostView>> Hosts(Actor actor);

    /// <summary>Containers on one host, or on all hosts the actor may see.</summary>
    Result<FeedSubscription<ContainerView>> Containers(Actor actor, HostId? host);

    /// <summary>Samples of a host: first what the last five minutes left, oldest first, then one batch per second.</summary>
    Result<IAsyncEnumerable<IReadOnlyList<HostStats>>> HostStats(Actor actor, HostId host, CancellationToken ct);

    /// <summary>The newest sample of every running container on a host (or all hosts), once a second. A slow reader gets only the newest.</summary>
    Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId? host, CancellationToken ct);

    /// <summary>Samples of one container: first what the last five minutes left, oldest first, then one batch per second.</summary>
    Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId host, ContainerId container, CancellationToken ct);

    /// <summary>A container's log, see <see cref="IHostGateway.LogsAsync"/>.</summary>
    Result<IAsyncEnumerable<IReadOnlyList<LogLine>>> Logs(Actor actor, HostId host, ContainerId container, LogRequest request, CancellationToken ct);
}
