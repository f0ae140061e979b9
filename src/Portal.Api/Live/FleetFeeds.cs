using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <inheritdoc cref="IFleetFeeds"/>
internal sealed class FleetFeeds(Fleet fleet, IAccessPolicy access, IHostGateway gateway) : IFleetFeeds
{
    public Result<FeedSubscription<HostView>> Hosts(Actor actor) =>
        Refusal(actor, Permission.HostRead, null) is { } refused
            ? refused
            : fleet.Hosts.Subscribe(host => Allows(actor, Permission.HostRead, host.Id));

    public Result<FeedSubscription<ContainerView>> Containers(Actor actor, HostId? host) =>
        Refusal(actor, Permission.ContainerRead, host) is { } refused
            ? refused
            : fleet.Containers.Subscribe(container => (host is null || container.Host == host) && Allows(actor, Permission.ContainerRead, container.Host));

    public Result<IAsyncEnumerable<IReadOnlyList<HostStats>>> HostStats(Actor actor, HostId host, CancellationToken ct) =>
        Refusal(actor, Permission.HostRead, host) is { } refused ? refused : Answer(fleet.Stats.HostAsync(host, ct));

    public Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId? host, CancellationToken ct) =>
        Refusal(actor, Permission.ContainerRead, host) is { } refused
            ? refused
            : Answer(fleet.Stats.ContainersAsync(id => (host is null || id == host) && Allows(actor, Permission.ContainerRead, id), ct));

    public Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId host, ContainerId container, CancellationToken ct) =>
        Refusal(actor, Permission.ContainerRead, host) is { } refused ? refused : Answer(fleet.Stats.ContainerAsync(host, container, ct));

    public Result<IAsyncEnumerable<IReadOnlyList<LogLine>>> Logs(Actor actor, HostId host, ContainerId container, LogRequest request, CancellationToken ct) =>
        Refusal(actor, Permission.ContainerLogs, host) is { } refused ? refused : Answer(gateway.LogsAsync(host, container, request, ct));

    /// <summary>An interface does not convert by itself.</summary>
    private static Result<IAsyncEnumerable<IReadOnlyList<T>>> Answer<T>(IAsyncEnumerable<IReadOnlyList<T>> stream) =>
        Result.Of(stream);

    private bool Allows(Actor actor, Permission permission, HostId host) => access.Check(actor, permission, new AccessTarget(host)) is null;

    /// <summary>Over all hosts, a grant on any one of them is enough: the others are left out.</summary>
    private Error? Refusal(Actor actor, Permission permission, HostId? host) => host is { } one
        ? access.Check(actor, permission, new AccessTarget(one))
        : actor.Grants.Any(grant => grant.Role.Permissions.Contains(permission)) ? null : access.Check(actor, permission, AccessTarget.Portal);
}
