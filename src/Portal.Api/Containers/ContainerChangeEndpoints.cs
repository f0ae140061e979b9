using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Containers;

/// <summary>Making and changing containers.</summary>
internal static class ContainerChangeEndpoints
{
    public static void MapContainerChanges(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts/{host}/containers").WithTags("Containers").ProducesProblems(400, 404, 409, 503);
        group.MapPost("", CreateAsync).WithName("CreateContainer").RequirePermission(Permission.ContainerCreate, On.Container).ProducesProblems(501);
        group.MapPost("/prune", PruneAsync).WithName("PruneContainers").RequirePermission(Permission.ContainerPrune, On.Host);
        group.MapPatch("/{id}", UpdateAsync).WithName("UpdateContainer").RequirePermission(Permission.ContainerUpdate, On.Container).ProducesProblems(412, 428);
        group.MapPost("/{id}/rename", RenameAsync).WithName("RenameContainer").RequirePermission(Permission.ContainerRename, On.Container);
        group.MapPost("/{id}/pause", PauseAsync).WithName("PauseContainer").RequirePermission(Permission.ContainerPause, On.Container);
        group.MapPost("/{id}/unpause", UnpauseAsync).WithName("UnpauseContainer").RequirePermission(Permission.ContainerPause, On.Container);
    }

    /// <summary>Makes a container, and starts it when that is wanted. Its image must be on the host. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="request">The container.</param>
    internal static async Task<Results<Created<CreatedContainer>, Problem>> CreateAsync(
        string host, NewContainer request, HttpContext http, Addressee addressee, EngineContainers engine, Idempotency once, CancellationToken ct)
    {
        var target = await addressee.HostAsync(host, ct);
        if (target.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var (actor, id) = target.Value;
        var made = await once.OnceAsync(http, actor, null, request, async () =>
        {
            var created = await engine.CreateAsync(actor, id, request, ct);
            return created.Error is { } error ? error : JsonSerializer.Serialize(created.Value);
        }, ct);
        if (made.Error is { } failed)
        {
            return failed.ToProblem();
        }

        var answer = JsonSerializer.Deserialize<CreatedContainer>(made.Value)!;
        return TypedResults.Created($"/api/v1/hosts/{id}/containers/{answer.Id}", answer);
    }

    /// <summary>Changes limits and the restart policy of a container, at once when it runs. What is left out stays.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="request">What is to be another.</param>
    internal static async Task<Results<Ok<ContainerDetail>, Problem>> UpdateAsync(
        string host, string id, ContainerUpdate request, HttpContext http, Addressee addressee, EngineContainers engine, IQueryHandler<InspectContainer, ContainerDetails> inspect, CancellationToken ct)
    {
        var expected = http.Request.Expected();
        if (expected.Error is { } unsaid)
        {
            return unsaid.ToProblem();
        }

        var target = await addressee.ContainerAsync(host, id, "UpdateContainer", ct);
        if (target.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var (actor, container) = target.Value;
        if (expected.Value is { } version)
        {
            var before = await ContainerEndpoints.DetailAsync(actor, container, inspect, ct);
            if (before.Error is { } unread)
            {
                return unread.ToProblem();
            }

            if (before.Value.Version != version)
            {
                return new Error(ErrorKind.Conflict, "request.stale", "Somebody else has changed this meanwhile. Read it again, and decide anew.").ToProblem();
            }
        }

        var changed = await engine.UpdateAsync(actor, container.Host, container.Id, request, ct);
        return changed.Error is { } error ? error.ToProblem() : ContainerEndpoints.Shown(http.Response, await ContainerEndpoints.DetailAsync(actor, container, inspect, ct));
    }

    /// <summary>Gives a container another name.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="request">The name.</param>
    internal static Task<Results<NoContent, Problem>> RenameAsync(string host, string id, ContainerName request, Addressee addressee, EngineContainers engine, CancellationToken ct) =>
        RunAsync(host, id, "RenameContainer", addressee, (actor, container) => engine.RenameAsync(actor, container.Host, container.Id, request.Name, ct), ct);

    /// <summary>Stops the processes of a running container where they are.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> PauseAsync(string host, string id, Addressee addressee, EngineContainers engine, CancellationToken ct) =>
        RunAsync(host, id, "PauseContainer", addressee, (actor, container) => engine.PauseAsync(actor, container.Host, container.Id, ct), ct);

    /// <summary>Lets the processes of a paused container go on.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static Task<Results<NoContent, Problem>> UnpauseAsync(string host, string id, Addressee addressee, EngineContainers engine, CancellationToken ct) =>
        RunAsync(host, id, "UnpauseContainer", addressee, (actor, container) => engine.UnpauseAsync(actor, container.Host, container.Id, ct), ct);

    /// <summary>Removes all containers of a host that do not run.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="until">Only those made before this time, or so long ago: <c>24h</c>.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    internal static async Task<Results<Ok<Pruned>, Problem>> PruneAsync(
        string host, Addressee addressee, EngineContainers engine, CancellationToken ct, [MaxLength(64)] string? until = null, [MaxLength(LabelFilter.Longest)] string? label = null)
    {
        var target = await addressee.HostAsync(host, ct);
        var swept = target.Error is { } missing ? missing : await engine.PruneAsync(target.Value.Actor, target.Value.Host, until, label, ct);
        return swept.Error is { } error ? error.ToProblem() : TypedResults.Ok(swept.Value);
    }

    private static async Task<Results<NoContent, Problem>> RunAsync(
        string host, string id, string operation, Addressee addressee, Func<Actor, ContainerView, Task<Result>> act, CancellationToken ct)
    {
        var target = await addressee.ContainerAsync(host, id, operation, ct);
        var result = target.Error is { } missing ? missing : await act(target.Value.Actor, target.Value.Container);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }
}
