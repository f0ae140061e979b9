using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Live;
using Portal.Api.Security;
using Portal.Domain.Access;

namespace Portal.Api.Hosts;

internal static class HostEndpoints
{
    public static void MapHosts(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts").WithTags("Hosts");
        group.MapGet("", List).WithName("ListHosts").RequirePermission(Permission.HostRead, On.Hosts);
        group.MapGet("/{host}", Get).WithName("GetHost").RequirePermission(Permission.HostRead, On.PartOfHost).ProducesProblems(404);
        group.MapGet("/{host}/engine", GetEngine).WithName("GetEngine").RequirePermission(Permission.EngineRead, On.PartOfHost).ProducesProblems(404, 503);
    }

    /// <summary>Lists the hosts you may see, by name.</summary>
    /// <param name="name">Only those whose name contains this text.</param>
    /// <param name="state">Only those in this state: <c>connecting</c>, <c>connected</c> or <c>unreachable</c>.</param>
    /// <param name="sort"><c>name</c>, <c>state</c> or <c>since</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<HostItem>>, Problem>> List(
        CurrentActor caller, Fleet fleet, IAccessPolicy access, IAccessTargets facts, CancellationToken ct, [MaxLength(255)] string? name = null,
        [AllowedValues(null, "connecting", "connected", "unreachable")] string? state = null, [AllowedValues("name", "-name", "state", "-state", "since", "-since")] string sort = "name",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var actor = await caller.GetAsync(ct);
        var wanted = fleet.Hosts.List(host => access.Reaches(actor, Permission.HostRead, facts.Host(host.Id)) && (name is null || host.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            && (state is null || host.State.ToString().Equals(state, StringComparison.OrdinalIgnoreCase)));
        var order = sort switch
        {
            "-name" => wanted.OrderByDescending(host => host.Name, StringComparer.Ordinal),
            "state" => wanted.OrderBy(host => host.State),
            "-state" => wanted.OrderByDescending(host => host.State),
            "since" => wanted.OrderBy(host => host.Since),
            "-since" => wanted.OrderByDescending(host => host.Since),
            _ => wanted.OrderBy(host => host.Name, StringComparer.Ordinal),
        };
        return TypedResults.Ok(order.ThenBy(host => host.Id.Value, StringComparer.Ordinal).ToArray().Page(page, pageSize, HostItem.From));
    }

    /// <summary>Gets one host, with what its engine said of the machine when it was last reached.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    internal static async Task<Results<Ok<HostItem>, Problem>> Get(string host, CurrentActor caller, Targets targets, CancellationToken ct) =>
        targets.Host(await caller.GetAsync(ct), host) is { Error: null } found ? TypedResults.Ok(HostItem.From(found.Value)) : Targets.UnknownHost(host).ToProblem();

    /// <summary>Asks the engine of a host about itself.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    internal static async Task<Results<Ok<EngineDetail>, Problem>> GetEngine(string host, Addressee addressee, EngineFacts engine, CancellationToken ct)
    {
        var target = await addressee.HostAsync(host, ct);
        var found = target.Error is { } missing ? missing : await engine.FindAsync(target.Value.Actor, target.Value.Host, ct);
        return found.Error is { } error ? error.ToProblem() : TypedResults.Ok(found.Value);
    }
}
