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

    /// <summary>Lists containers, newest first.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    /// <param name="state">Only those in this state: <c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</param>
    /// <param name="name">Only those whose name contains this text.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    /// <param name="offset">How many to leave out at the beginning.</param>
    /// <param name="limit">How many to answer, 1 to 500.</param>
    internal static async Task<Results<Ok<ContainerPage>, Problem>> ListAsync(
        string host, CurrentActor caller, Fleet fleet, IAccessPolicy access, IAccessTargets facts, CancellationToken ct,
        [AllowedValues(null, "created", "running", "paused", "restarting", "removing", "exited", "dead")] string? state = null, [MaxLength(255)] string? name = null, [MaxLength(1024)] string? label = null,
        [Range(0, int.MaxValue)] int offset = 0, [Range(1, 500)] int limit = 100)
    {
        var actor = await caller.GetAsync(ct);
        var id = new HostId(host);
        var matching = fleet.Containers.List(container => container.Host == id
            && (state is null || container.State.ToString().Equals(state, StringComparison.OrdinalIgnoreCase))
            && (name is null || container.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            && (label is null || HasLabel(container, label))
            && access.Check(actor, Permission.ContainerRead, facts.Container(container)) is null);
        return TypedResults.Ok(new ContainerPage(
            [.. matching.OrderByDescending(container => container.Created).ThenBy(container => container.Id.Value, StringComparer.Ordinal).Skip(offset).Take(limit).Select(ContainerItem.From)],
            matching.Count));
    }

    /// <summary>Gets everything known of one container.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static async Task<Results<Ok<ContainerDetail>, Problem>> GetAsync(
        string host, string id, ContainerCommands containers, IQueryHandler<InspectContainer, ContainerDetails> inspect, CancellationToken ct)
    {
        var found = await containers.FindAsync("GetContainer", Permission.ContainerRead, host, id, ct);
        if (found.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var (actor, target) = found.Value;
        var details = await inspect.HandleAsync(new(target.Host, target.Id), actor, ct);
        if (details.Error is { } error)
        {
            return error.ToProblem();
        }

        // The list has the engine's own sentence; inspect has none.
        return TypedResults.Ok(ContainerDetail.From(details.Value with { View = details.Value.View with { Status = target.State == details.Value.View.State ? target.Status : details.Value.View.Status } }));
    }

    /// <summary>Starts a created or stopped container. Starting a running one succeeds.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> StartAsync(string host, string id, ContainerCommands commands, IHandler<StartContainer> start, CancellationToken ct) =>
        commands.RunAsync(host, id, start, target => new(target.Host, target.Id), ct);

    /// <summary>Stops a running container with its own stop signal and timeout. Stopping a stopped one succeeds.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> StopAsync(string host, string id, ContainerCommands commands, IHandler<StopContainer> stop, CancellationToken ct) =>
        commands.RunAsync(host, id, stop, target => new(target.Host, target.Id), ct);

    /// <summary>Stops a container, if it runs, and starts it.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> RestartAsync(string host, string id, ContainerCommands commands, IHandler<RestartContainer> restart, CancellationToken ct) =>
        commands.RunAsync(host, id, restart, target => new(target.Host, target.Id), ct);

    /// <summary>Ends a running container at once (SIGKILL).</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> KillAsync(string host, string id, ContainerCommands commands, IHandler<KillContainer> kill, CancellationToken ct) =>
        commands.RunAsync(host, id, kill, target => new(target.Host, target.Id), ct);

    /// <summary>Removes a container.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="force">Kill it first when it runs; otherwise a running container is a conflict.</param>
    /// <param name="volumes">Remove its anonymous volumes too.</param>
    internal static Task<Results<NoContent, Problem>> RemoveAsync(
        string host, string id, ContainerCommands commands, IHandler<RemoveContainer> remove, CancellationToken ct, bool force = false, bool volumes = false) =>
        commands.RunAsync(host, id, remove, target => new(target.Host, target.Id, force, volumes), ct);

    /// <summary>Reads lines of a container's log.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="tail">How many of the last lines, 1 to 10,000.</param>
    /// <param name="since">Only lines at or after this time.</param>
    internal static async Task<Results<Ok<IReadOnlyList<LogLine>>, Problem>> LogsAsync(
        string host, string id, ContainerCommands containers, IFleetFeeds feeds, CancellationToken ct,
        [Range(1, MostLines)] int tail = 200, DateTimeOffset? since = null)
    {
        var found = await containers.FindAsync("ReadContainerLogs", Permission.ContainerLogs, host, id, ct);
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
        string host, string id, ContainerCommands containers, IFleetFeeds feeds, Reauthorisation watch, HttpResponse response, CancellationToken ct,
        [Range(0, MostLines)] int tail = 200, DateTimeOffset? since = null)
    {
        var found = await containers.FindAsync("FollowContainerLogs", Permission.ContainerLogs, host, id, ct);
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
        string host, string id, ContainerCommands containers, IFleetFeeds feeds, Reauthorisation watch, HttpResponse response, CancellationToken ct)
    {
        var found = await containers.FindAsync("FollowContainerStats", Permission.ContainerRead, host, id, ct);
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

    private static bool HasLabel(ContainerView container, string label) => label.IndexOf('=') is var at and >= 0
        ? container.Labels.TryGetValue(label[..at], out var value) && value == label[(at + 1)..]
        : container.Labels.ContainsKey(label);

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
