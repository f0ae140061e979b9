using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Networks;

/// <summary>Networks of a host.</summary>
internal static class NetworkEndpoints
{
    public static void MapNetworks(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts/{host}/networks").WithTags("Networks").ProducesProblems(400, 404, 503);
        group.MapGet("", ListAsync).WithName("ListNetworks").RequirePermission(Permission.NetworkRead, On.PartOfHost);
        group.MapPost("", CreateAsync).WithName("CreateNetwork").RequirePermission(Permission.NetworkCreate, On.Network).ProducesProblems(409, 501);
        group.MapPost("/prune", PruneAsync).WithName("PruneNetworks").RequirePermission(Permission.NetworkPrune, On.Host).ProducesProblems(409);
        group.MapGet("/{id}", GetAsync).WithName("GetNetwork").RequirePermission(Permission.NetworkRead, On.Network);
        group.MapDelete("/{id}", RemoveAsync).WithName("RemoveNetwork").RequirePermission(Permission.NetworkRemove, On.Network).ProducesProblems(409);
        group.MapPost("/{id}/connect", ConnectAsync).WithName("ConnectContainer").RequirePermission(Permission.NetworkConnect, On.Network).ProducesProblems(409);
        group.MapPost("/{id}/disconnect", DisconnectAsync).WithName("DisconnectContainer").RequirePermission(Permission.NetworkConnect, On.Network).ProducesProblems(409);
    }

    /// <summary>Lists networks of a host by name.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="name">Only those whose name contains this text.</param>
    /// <param name="driver">Only those of this driver.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    /// <param name="stack">Only those of this stack or Compose project.</param>
    /// <param name="sort"><c>name</c>, <c>created</c> or <c>driver</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<NetworkItem>>, Problem>> ListAsync(
        string host, Addressee addressee, EngineNetworks engine, CancellationToken ct, [MaxLength(255)] string? name = null, [MaxLength(255)] string? driver = null,
        [MaxLength(LabelFilter.Longest)] string? label = null, [MaxLength(255)] string? stack = null,
        [AllowedValues("name", "-name", "created", "-created", "driver", "-driver")] string sort = "name",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var target = await addressee.HostAsync(host, ct);
        var listed = target.Error is { } missing ? missing : await engine.ListAsync(target.Value.Actor, target.Value.Host, ct);
        if (listed.Error is { } error)
        {
            return error.ToProblem();
        }

        var wanted = listed.Value.Where(network => (name is null || network.Name.Contains(name, StringComparison.OrdinalIgnoreCase)) && (driver is null || network.Driver == driver)
            && network.Labels.Fits(label) && (stack is null || StackLabels.Of(network.Labels) == stack));
        var order = sort switch
        {
            "-name" => wanted.OrderByDescending(network => network.Name, StringComparer.Ordinal),
            "created" => wanted.OrderBy(network => network.Created),
            "-created" => wanted.OrderByDescending(network => network.Created),
            "driver" => wanted.OrderBy(network => network.Driver, StringComparer.Ordinal),
            "-driver" => wanted.OrderByDescending(network => network.Driver, StringComparer.Ordinal),
            _ => wanted.OrderBy(network => network.Name, StringComparer.Ordinal),
        };
        return TypedResults.Ok(order.ThenBy(network => network.Id, StringComparer.Ordinal).ToArray().Page(page, pageSize, network => network));
    }

    /// <summary>Gets one network, with the containers in it that you may see.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="shop">The network's id, its beginning, or the name.</param>
    internal static async Task<Results<Ok<NetworkDetail>, Problem>> GetAsync(string host, [MaxLength(255)] string id, Addressee addressee, EngineNetworks engine, CancellationToken ct)
    {
        var target = await addressee.HostAsync(host, ct);
        var found = target.Error is { } missing ? missing : await engine.FindAsync(target.Value.Actor, target.Value.Host, id, ct);
        return found.Error is { } error ? error.ToProblem() : TypedResults.Ok(found.Value);
    }

    /// <summary>Makes a network. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="request">The network.</param>
    internal static async Task<Results<Created<CreatedNetwork>, Problem>> CreateAsync(
        string host, NewNetwork request, HttpContext http, Addressee addressee, EngineNetworks engine, Idempotency once, CancellationToken ct)
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

        var answer = JsonSerializer.Deserialize<CreatedNetwork>(made.Value)!;
        return TypedResults.Created($"/api/v1/hosts/{id}/networks/{answer.Id}", answer);
    }

    /// <summary>Removes a network that no container is in.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="shop">The network's id, its beginning, or the name.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(string host, [MaxLength(255)] string id, Addressee addressee, EngineNetworks engine, CancellationToken ct)
    {
        var target = await addressee.HostAsync(host, ct);
        var removed = target.Error is { } missing ? missing : await engine.RemoveAsync(target.Value.Actor, target.Value.Host, id, ct);
        return removed.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Puts a container into a network.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="shop">The network's id, its beginning, or the name.</param>
    /// <param name="request">The container, and how it is reached.</param>
    internal static Task<Results<NoContent, Problem>> ConnectAsync(
        string host, [MaxLength(255)] string id, NetworkConnection request, Addressee addressee, EngineNetworks engine, CancellationToken ct) => JoinAsync(
        host, request.Container, "ConnectContainer", addressee, (actor, container) => engine.ConnectAsync(actor, container.Host, id, container.Id, request, ct), ct);

    /// <summary>Takes a container out of a network.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="shop">The network's id, its beginning, or the name.</param>
    /// <param name="request">The container.</param>
    internal static Task<Results<NoContent, Problem>> DisconnectAsync(
        string host, [MaxLength(255)] string id, NetworkDisconnection request, Addressee addressee, EngineNetworks engine, CancellationToken ct) => JoinAsync(
        host, request.Container, "DisconnectContainer", addressee, (actor, container) => engine.DisconnectAsync(actor, container.Host, id, container.Id, request.Force, ct), ct);

    /// <summary>Removes all networks of a host that no container is in.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="until">Only those made before this time, or so long ago: <c>24h</c>.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    internal static async Task<Results<Ok<Pruned>, Problem>> PruneAsync(
        string host, Addressee addressee, EngineNetworks engine, CancellationToken ct, [MaxLength(64)] string? until = null, [MaxLength(LabelFilter.Longest)] string? label = null)
    {
        var target = await addressee.HostAsync(host, ct);
        var swept = target.Error is { } missing ? missing : await engine.PruneAsync(target.Value.Actor, target.Value.Host, until, label, ct);
        return swept.Error is { } error ? error.ToProblem() : TypedResults.Ok(swept.Value);
    }

    private static async Task<Results<NoContent, Problem>> JoinAsync(
        string host, string container, string operation, Addressee addressee, Func<Actor, ContainerView, Task<Result>> act, CancellationToken ct)
    {
        var target = await addressee.ContainerAsync(host, container, operation, ct);
        var result = target.Error is { } missing ? missing : await act(target.Value.Actor, target.Value.Container);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }
}
