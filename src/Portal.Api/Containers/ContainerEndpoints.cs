using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Live;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Containers;

internal static class ContainerEndpoints
{
    /// <summary>The most lines one answer holds.</summary>
    private const int MostLines = 10_000;

    public static void MapContainers(this IEndpointRouteBuilder api)
    {
        api.MapGet("/containers", ListAllAsync).WithName("ListAllContainers").WithTags("Containers").RequirePermission(Permission.ContainerRead, On.Hosts).ProducesProblems(400);
        var group = api.MapGroup("/hosts/{host}/containers").WithTags("Containers").ProducesProblems(400, 404, 503);
        group.MapGet("", ListAsync).WithName("ListContainers").RequirePermission(Permission.ContainerRead, On.PartOfHost);
        group.MapGet("/{id}", GetAsync).WithName("GetContainer").RequirePermission(Permission.ContainerRead, On.Container);
        group.MapPost("/{id}/start", StartAsync).WithName("StartContainer").RequirePermission(Permission.ContainerStart, On.Container).ProducesProblems(409);
        group.MapPost("/{id}/stop", StopAsync).WithName("StopContainer").RequirePermission(Permission.ContainerStop, On.Container).ProducesProblems(409);
        group.MapPost("/{id}/restart", RestartAsync).WithName("RestartContainer").RequirePermission(Permission.ContainerRestart, On.Container).ProducesProblems(409);
        group.MapPost("/{id}/kill", KillAsync).WithName("KillContainer").RequirePermission(Permission.ContainerKill, On.Container).ProducesProblems(409);
        group.MapDelete("/{id}", RemoveAsync).WithName("RemoveContainer").RequirePermission(Permission.ContainerRemove, On.Container).ProducesProblems(409);
        group.MapGet("/{id}/logs", LogsAsync).WithName("ReadContainerLogs").RequirePermission(Permission.ContainerLogs, On.Container);
        group.MapGet("/{id}/logs/follow", FollowLogsAsync).WithName("FollowContainerLogs").RequirePermission(Permission.ContainerLogs, On.Container);
        group.MapGet("/{id}/stats", FollowStatsAsync).WithName("FollowContainerStats").RequirePermission(Permission.ContainerRead, On.Container);
    }

    /// <summary>Lists containers of a host, newest first.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    /// <param name="state">Only those in this state: <c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</param>
    /// <param name="name">Only those whose name contains this text.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    /// <param name="image">Only those whose image, as given at creation, contains this text.</param>
    /// <param name="network">Only those in the network of this name.</param>
    /// <param name="stack">Only those of this stack or Compose project.</param>
    /// <param name="sort"><c>created</c>, <c>name</c> or <c>state</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<ContainerItem>>, Problem>> ListAsync(
        string host, CurrentActor caller, Targets targets, Fleet fleet, IAccessPolicy access, IAccessTargets facts, CancellationToken ct,
        [AllowedValues(null, "created", "running", "paused", "restarting", "removing", "exited", "dead")] string? state = null, [MaxLength(255)] string? name = null,
        [MaxLength(LabelFilter.Longest)] string? label = null, [MaxLength(1024)] string? image = null, [MaxLength(255)] string? network = null, [MaxLength(255)] string? stack = null,
        [AllowedValues("created", "-created", "name", "-name", "state", "-state")] string sort = "-created",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var actor = await caller.GetAsync(ct);
        if (targets.Host(actor, host) is { IsSuccess: false } missing)
        {
            return missing.Error!.ToProblem();
        }

        var id = new HostId(host);
        return access.Reaches(actor, Permission.ContainerRead, facts.Host(id))
            ? TypedResults.Ok(Listed(actor, fleet, access, facts, new(state, name, label, image, network, stack), container => container.Host == id, sort, page, pageSize))
            : access.Check(actor, Permission.ContainerRead, facts.Host(id))!.ToProblem();
    }

    /// <summary>Lists containers of all hosts that you may see, newest first.</summary>
    /// <param name="host" example="local">Only those on this host.</param>
    /// <param name="state">Only those in this state: <c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</param>
    /// <param name="name">Only those whose name contains this text.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    /// <param name="image">Only those whose image, as given at creation, contains this text.</param>
    /// <param name="network">Only those in the network of this name.</param>
    /// <param name="stack">Only those of this stack or Compose project.</param>
    /// <param name="sort"><c>created</c>, <c>name</c> or <c>state</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<ContainerItem>>, Problem>> ListAllAsync(
        CurrentActor caller, Fleet fleet, IAccessPolicy access, IAccessTargets facts, CancellationToken ct, [MaxLength(64)] string? host = null,
        [AllowedValues(null, "created", "running", "paused", "restarting", "removing", "exited", "dead")] string? state = null, [MaxLength(255)] string? name = null,
        [MaxLength(LabelFilter.Longest)] string? label = null, [MaxLength(1024)] string? image = null, [MaxLength(255)] string? network = null, [MaxLength(255)] string? stack = null,
        [AllowedValues("created", "-created", "name", "-name", "state", "-state")] string sort = "-created",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var actor = await caller.GetAsync(ct);
        return actor.Grants.Any(grant => grant.Role.Permissions.Contains(Permission.ContainerRead))
            ? TypedResults.Ok(Listed(actor, fleet, access, facts, new(state, name, label, image, network, stack), container => host is null || container.Host.Value == host, sort, page, pageSize))
            : access.Check(actor, Permission.ContainerRead, AccessTarget.Portal)!.ToProblem();
    }

    /// <summary>Gets everything known of one container. Its ETag is wanted when you change it, and stands for what of it can be changed.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static async Task<Results<Ok<ContainerDetail>, Problem>> GetAsync(
        string host, string id, HttpResponse response, Addressee addressee, IQueryHandler<InspectContainer, ContainerDetails> inspect, CancellationToken ct)
    {
        var target = await addressee.ContainerAsync(host, id, "GetContainer", ct);
        return target.Error is { } missing ? missing.ToProblem() : Shown(response, await DetailAsync(target.Value.Actor, target.Value.Container, inspect, ct));
    }

    /// <summary>What is known of a container now.</summary>
    internal static async Task<Result<ContainerDetail>> DetailAsync(Actor actor, ContainerView listed, IQueryHandler<InspectContainer, ContainerDetails> inspect, CancellationToken ct)
    {
        var details = await inspect.HandleAsync(new(listed.Host, listed.Id), actor, ct);
        return details.Error is { } error
            ? error
            // The list has the engine's own sentence; inspect has none.
            : ContainerDetail.From(details.Value with { View = details.Value.View with { Status = listed.State == details.Value.View.State ? listed.Status : details.Value.View.Status } });
    }

    /// <summary>A container with its version.</summary>
    internal static Results<Ok<ContainerDetail>, Problem> Shown(HttpResponse response, Result<ContainerDetail> detail)
    {
        if (detail.Error is { } error)
        {
            return error.ToProblem();
        }

        response.SetETag(detail.Value.Version);
        return TypedResults.Ok(detail.Value);
    }

    /// <summary>Starts a created or stopped container. Starting a running one succeeds.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> StartAsync(string host, string id, Addressee addressee, IHandler<StartContainer> start, CancellationToken ct) =>
        RunAsync(host, id, addressee, start, target => new(target.Host, target.Id), ct);

    /// <summary>Stops a running container with its own stop signal and timeout. Stopping a stopped one succeeds.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> StopAsync(string host, string id, Addressee addressee, IHandler<StopContainer> stop, CancellationToken ct) =>
        RunAsync(host, id, addressee, stop, target => new(target.Host, target.Id), ct);

    /// <summary>Stops a container, if it runs, and starts it.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> RestartAsync(string host, string id, Addressee addressee, IHandler<RestartContainer> restart, CancellationToken ct) =>
        RunAsync(host, id, addressee, restart, target => new(target.Host, target.Id), ct);

    /// <summary>Ends a running container at once (SIGKILL).</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> KillAsync(string host, string id, Addressee addressee, IHandler<KillContainer> kill, CancellationToken ct) =>
        RunAsync(host, id, addressee, kill, target => new(target.Host, target.Id), ct);

    /// <summary>Removes a container.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="force">Kill it first when it runs; otherwise a running container is a conflict.</param>
    /// <param name="volumes">Remove its anonymous volumes too.</param>
    internal static Task<Results<NoContent, Problem>> RemoveAsync(
        string host, string id, Addressee addressee, IHandler<RemoveContainer> remove, CancellationToken ct, bool force = false, bool volumes = false) =>
        RunAsync(host, id, addressee, remove, target => new(target.Host, target.Id, force, volumes), ct);

    /// <summary>Reads lines of a container's log.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="tail">How many of the last lines, 1 to 10,000.</param>
    /// <param name="since">Only lines at or after this time.</param>
    internal static async Task<Results<Ok<IReadOnlyList<LogLine>>, Problem>> LogsAsync(
        string host, string id, Addressee addressee, IFleetFeeds feeds, CancellationToken ct,
        [Range(1, MostLines)] int tail = 200, DateTimeOffset? since = null)
    {
        var found = await addressee.ContainerAsync(host, id, "ReadContainerLogs", ct, Permission.ContainerLogs);
        if (found.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var (actor, target) = found.Value;
        var logs = feeds.Logs(actor, target.Host, target.Id, new LogRequest(tail, since), ct);
        if (logs.Error is { } error)
        {
            return error.ToProblem();
        }

        var lines = new List<LogLine>();
        await foreach (var batch in logs.Value.WithCancellation(ct))
        {
            lines.AddRange(batch);
            if (lines.Count >= MostLines)
            {
                break;
            }
        }

        return TypedResults.Ok<IReadOnlyList<LogLine>>(lines);
    }

    /// <summary>Follows a container's log as server-sent events named <c>log</c>, until the container ends.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="tail">How many of the last lines to begin with, 0 to 10,000.</param>
    /// <param name="since">Only lines at or after this time.</param>
    internal static async Task<Results<ServerSentEventsResult<LogLine>, Problem>> FollowLogsAsync(
        string host, string id, Addressee addressee, IFleetFeeds feeds, Reauthorisation watch, HttpResponse response, CancellationToken ct,
        [Range(0, MostLines)] int tail = 200, DateTimeOffset? since = null)
    {
        var found = await addressee.ContainerAsync(host, id, "FollowContainerLogs", ct, Permission.ContainerLogs);
        if (found.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var (actor, target) = found.Value;
        var logs = feeds.Logs(actor, target.Host, target.Id, new LogRequest(tail, since, Follow: true), ct);
        return logs.Error is { } error ? error.ToProblem() : TypedResults.ServerSentEvents(Each(response, watch.Guard(actor, logs.Value, ct), line => line, ct), eventType: "log");
    }

    /// <summary>Follows a container's statistics as server-sent events named <c>stats</c>: what the last five minutes left, then one a second.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static async Task<Results<ServerSentEventsResult<ContainerSample>, Problem>> FollowStatsAsync(
        string host, string id, Addressee addressee, IFleetFeeds feeds, Reauthorisation watch, HttpResponse response, CancellationToken ct)
    {
        var found = await addressee.ContainerAsync(host, id, "FollowContainerStats", ct);
        if (found.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var (actor, target) = found.Value;
        var stats = feeds.ContainerStats(actor, target.Host, target.Id, ct);
        return stats.Error is { } error
            ? error.ToProblem()
            : TypedResults.ServerSentEvents(Each(response, watch.Guard(actor, stats.Value, ct), ContainerSample.From, ct), eventType: "stats");
    }

    private static async Task<Results<NoContent, Problem>> RunAsync<TCommand>(
        string host, string id, Addressee addressee, IHandler<TCommand> handler, Func<ContainerView, TCommand> command, CancellationToken ct)
    {
        var target = await addressee.ContainerAsync(host, id, typeof(TCommand).Name, ct);
        var result = target.Error is { } missing ? missing : await handler.HandleAsync(command(target.Value.Container), target.Value.Actor, ct);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>The part of the list that is asked for, of what the actor sees.</summary>
    private static Page<ContainerItem> Listed(
        Actor actor, Fleet fleet, IAccessPolicy access, IAccessTargets facts, ContainerFilter filter, Func<ContainerView, bool> isThere, string sort, int page, int pageSize) =>
        ContainerFilter.Sort(
            fleet.Containers.List(container => isThere(container) && filter.Fits(container) && access.Check(actor, Permission.ContainerRead, facts.Container(container)) is null), sort)
            .Page(page, pageSize, ContainerItem.From);

    private static async IAsyncEnumerable<TOut> Each<TIn, TOut>(
        HttpResponse response, IAsyncEnumerable<IReadOnlyList<TIn>> batches, Func<TIn, TOut> map, [EnumeratorCancellation] CancellationToken ct)
    {
        // A container may be silent for hours; the caller must see at once that the stream is open.
        await response.Body.FlushAsync(ct);
        await foreach (var batch in batches.WithCancellation(ct))
        {
            foreach (var item in batch)
            {
                yield return map(item);
            }
        }
    }
}
