using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <inheritdoc cref="IFleetFeeds"/>
internal sealed class FleetFeeds(Fleet fleet, IAccessPolicy access, IAccessTargets facts, IHostGateway gateway) : IFleetFeeds
{
    public Result<FeedSubscription<HostView>> Hosts(Actor actor) =>
        Refusal(actor, Permission.HostRead, null) is { } refused
            ? refused
            : fleet.Hosts.Subscribe(host => access.Reaches(actor, Permission.HostRead, facts.Host(host.Id)));

    public Result<FeedSubscription<ContainerView>> Containers(Actor actor, HostId? host) =>
        Refusal(actor, Permission.ContainerRead, host) is { } refused
            ? refused
            : fleet.Containers.Subscribe(container => (host is null || container.Host == host) && Allows(actor, Permission.ContainerRead, facts.Container(container)));

    /// <summary>What the whole machine does is told to whom the host was given, not to whom something on it was.</summary>
    public Result<IAsyncEnumerable<IReadOnlyList<HostStats>>> HostStats(Actor actor, HostId host, CancellationToken ct) =>
        access.Check(actor, Permission.HostRead, facts.Host(host)) is { } refused ? refused : Answer(fleet.Stats.HostAsync(host, ct));

    public Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId? host, CancellationToken ct) =>
        Refusal(actor, Permission.ContainerRead, host) is { } refused
            ? refused
            : Answer(fleet.Stats.ContainersAsync(id => (host is null || id == host) && Allows(actor, Permission.ContainerRead, facts.Host(id)), ct));

    public Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId host, ContainerId container, CancellationToken ct) =>
        access.Check(actor, Permission.ContainerRead, facts.Container(host, container)) is { } refused ? refused : Answer(fleet.Stats.ContainerAsync(host, container, ct));

    public Result<IAsyncEnumerable<IReadOnlyList<LogLine>>> Logs(Actor actor, HostId host, ContainerId container, LogRequest request, CancellationToken ct) =>
        access.Check(actor, Permission.ContainerLogs, facts.Container(host, container)) is { } refused ? refused : Answer(gateway.LogsAsync(host, container, request, ct));

    /// <summary>An interface does not convert by itself.</summary>
    private static Result<IAsyncEnumerable<IReadOnlyList<T>>> Answer<T>(IAsyncEnumerable<IReadOnlyList<T>> stream) =>
        Result.Of(stream);

    private bool Allows(Actor actor, Permission permission, AccessTarget target) => access.Check(actor, permission, target) is null;

    /// <summary>A grant on any part of it is enough: what it does not cover is left out.</summary>
    private Error? Refusal(Actor actor, Permission permission, HostId? host)
    {
        if (host is { } one)
        {
            return access.Reaches(actor, permission, facts.Host(one)) ? null : access.Check(actor, permission, facts.Host(one));
        }

        return access.HoldsAnywhere(actor, permission) ? null : access.Check(actor, permission, AccessTarget.Portal);
    }
}
