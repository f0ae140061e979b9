using Microsoft.AspNetCore.Http.HttpResults;
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
    }

    /// <summary>Lists the hosts you may see.</summary>
    internal static async Task<Results<Ok<IReadOnlyList<HostItem>>, Problem>> List(CurrentActor caller, Fleet fleet, IAccessPolicy access, IAccessTargets facts, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return TypedResults.Ok<IReadOnlyList<HostItem>>(
            [.. fleet.Hosts.List(host => access.Reaches(actor, Permission.HostRead, facts.Host(host.Id))).OrderBy(host => host.Name, StringComparer.Ordinal).Select(HostItem.From)]);
    }

    /// <summary>Gets one host.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    internal static async Task<Results<Ok<HostItem>, Problem>> Get(string host, CurrentActor caller, Targets targets, CancellationToken ct) =>
        targets.Host(await caller.GetAsync(ct), host) is { Error: null } found ? TypedResults.Ok(HostItem.From(found.Value)) : NotFound(host);

    private static Problem NotFound(string host) => Targets.UnknownHost(host).ToProblem();
}
