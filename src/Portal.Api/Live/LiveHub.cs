using System.Collections.Frozen;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;
using Portal.Api.Containers;
using Portal.Api.Hosts;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Audit;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <summary>
/// Live data for programs, at <c>/hubs/live</c>. Every method is a stream that checks the caller when it begins and every few
/// seconds after. Failures are <see cref="HubException"/>s of the form <c>code: sentence</c>.
/// </summary>
internal sealed class LiveHub(IFleetFeeds feeds, IActors actors, Targets targets, FrontDoor door, Reauthorisation rights, LiveConnections connections, IAuditLog audit) : Hub
{
    private static readonly FrozenDictionary<string, RequiredPermission> s_required = typeof(LiveHub).GetMethods()
        .Select(method => (method.Name, Needs: method.GetCustomAttribute<NeedsAttribute>())).Where(method => method.Needs is not null)
        .ToFrozenDictionary(method => method.Name, method => method.Needs!.Required);

    public override async Task OnConnectedAsync()
    {
        if (!connections.Enter((Context.User?.FindFirst(PortalClaims.Subject) ?? Context.User?.FindFirst(PortalClaims.Token))?.Value ?? "", Context.ConnectionId))
        {
            Context.Abort();
        }

        await base.OnConnectedAsync();
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        connections.Leave(Context.ConnectionId);
        return base.OnDisconnectedAsync(exception);
    }

    /// <summary>All hosts the caller may see, then changes.</summary>
    [Needs(Permission.HostRead, On.Hosts)]
    public IAsyncEnumerable<LiveBatch<HostItem>> Hosts(CancellationToken ct) =>
        StreamAsync(null, null, actor => Task.FromResult(Table(feeds.Hosts(actor), HostItem.From, ct)), ct);

    /// <summary>Containers on one host, or on all when <paramref name="host"/> is null, then changes.</summary>
    [Needs(Permission.ContainerRead, On.PartOfHost)]
    public IAsyncEnumerable<LiveBatch<ContainerItem>> Containers(string? host, CancellationToken ct) => StreamAsync(host, null, actor =>
    {
        var id = OptionalHost(actor, host);
        return Task.FromResult(id.Error is { } error ? error : Table(feeds.Containers(actor, id.Value), ContainerItem.From, ct));
    }, ct);

    /// <summary>Samples of a host: what the last five minutes left, then one a second.</summary>
    [Needs(Permission.HostRead, On.Host)]
    public IAsyncEnumerable<IReadOnlyList<HostStats>> HostStats(string host, CancellationToken ct) => StreamAsync(host, null, actor =>
    {
        var id = targets.Host(actor, host);
        return Task.FromResult(id.Error is { } error ? error : feeds.HostStats(actor, id.Value.Id, ct));
    }, ct);

    /// <summary>Samples of one container, or the newest of all containers on the host (or all hosts) when <paramref name="id"/> is null.</summary>
    [Needs(Permission.ContainerRead, On.Container)]
    public IAsyncEnumerable<IReadOnlyList<ContainerSample>> ContainerStats(string? host, string? id, CancellationToken ct) => StreamAsync(host, id, async actor =>
    {
        if (id is null || host is null)
        {
            var all = OptionalHost(actor, host);
            return all.Error is { } error ? error : Samples(feeds.ContainerStats(actor, all.Value, ct), ct);
        }

        var one = await targets.ContainerAsync(actor, host, id, ct);
        return one.Error is { } missing ? missing : Samples(feeds.ContainerStats(actor, one.Value.Host, one.Value.Id, ct), ct);
    }, ct);

    /// <summary>A container's log. With <paramref name="follow"/> it stays open until the container ends.</summary>
    [Needs(Permission.ContainerLogs, On.Container)]
    public IAsyncEnumerable<IReadOnlyList<LogLine>> Logs(string host, string id, int? tail, bool follow, CancellationToken ct) => StreamAsync(host, id, async actor =>
    {
        var one = await targets.ContainerAsync(actor, host, id, ct);
        return one.Error is { } missing ? missing : feeds.Logs(actor, one.Value.Host, one.Value.Id, new LogRequest(Math.Clamp(tail ?? 200, 0, 10_000), Follow: follow), ct);
    }, ct);

    private static Result<IAsyncEnumerable<LiveBatch<TItem>>> Table<TView, TItem>(Result<FeedSubscription<TView>> feed, Func<TView, TItem> map, CancellationToken ct) =>
        feed.Error is { } error ? error : Result.Of(BatchesAsync(feed.Value, map, ct));

    private static async IAsyncEnumerable<LiveBatch<TItem>> BatchesAsync<TView, TItem>(
        FeedSubscription<TView> feed, Func<TView, TItem> map, [EnumeratorCancellation] CancellationToken ct)
    {
        yield return LiveBatch<TItem>.First(feed.Snapshot, map);
        await foreach (var changes in feed.Changes.WithCancellation(ct))
        {
            yield return LiveBatch<TItem>.Next(changes, map);
        }
    }

    private static Result<IAsyncEnumerable<IReadOnlyList<ContainerSample>>> Samples(Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> stats, CancellationToken ct) =>
        stats.Error is { } error ? error : Result.Of(SamplesAsync(stats.Value, ct));

    private static async IAsyncEnumerable<IReadOnlyList<ContainerSample>> SamplesAsync(
        IAsyncEnumerable<IReadOnlyList<ContainerStats>> stats, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var batch in stats.WithCancellation(ct))
        {
            yield return [.. batch.Select(ContainerSample.From)];
        }
    }

    private Result<HostId?> OptionalHost(Actor actor, string? host)
    {
        if (host is null)
        {
            return (HostId?)null;
        }

        var found = targets.Host(actor, host);
        return found.Error is { } error ? error : (HostId?)found.Value.Id;
    }

    private async IAsyncEnumerable<T> StreamAsync<T>(
        string? host, string? id, Func<Actor, Task<Result<IAsyncEnumerable<T>>>> open, [EnumeratorCancellation] CancellationToken ct, [CallerMemberName] string method = "")
    {
        var user = Context.User ?? new();
        var actor = await actors.FindAsync(user, ct);
        var opened = door.Refusal(actor, s_required[method], host) is { } refusal ? refusal : await open(actor);
        if (opened.Error is { } error)
        {
            await audit.RecordAsync(actor, $"Live{method}", Printable.Of($"{host}/{id}"), error, ct);
            throw Refusal(error);
        }

        await using var items = rights.Guard(user, actor, opened.Value, ct).GetAsyncEnumerator(ct);
        while (true)
        {
            try
            {
                if (!await items.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (ErrorException ex)
            {
                throw Refusal(ex.Error);
            }

            yield return items.Current;
        }
    }

    private static HubException Refusal(Error error) => new($"{error.Code}: {error.Message}");
}
