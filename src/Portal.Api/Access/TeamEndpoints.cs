using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Teams;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>A team.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Members">Ids of the users in it.</param>
/// <param name="Quota">How much it may have on each host.</param>
public sealed record TeamItem(string Id, string Name, IReadOnlyList<string> Members, QuotaItem Quota)
{
    internal static TeamItem From(Team team) => new(team.Id, team.Name, [.. team.Members], QuotaItem.From(team.Quota));
}

/// <summary>A new team.</summary>
/// <param name="Name" example="shop">1 to 64 characters.</param>
public sealed record NewTeam([property: Required, MaxLength(64)] string Name);

/// <summary>What of a team can be changed.</summary>
/// <param name="Name" example="web">What people call it.</param>
/// <param name="Members" example='["5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35"]'>Ids of the users in it, these and no others.</param>
/// <param name="Quota">How much it may have on each host; left out for as it is.</param>
public sealed record TeamChange([property: Required, MaxLength(64)] string Name, [property: Required, MaxLength(10_000), NoNulls] IReadOnlyList<string> Members, QuotaItem? Quota = null);

/// <summary>Teams and who is in them.</summary>
internal static class TeamEndpoints
{
    public static void MapTeams(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/teams").WithTags("Teams");
        group.MapGet("", ListAsync).WithName("ListTeams").RequirePermission(Permission.UserRead, On.Portal);
        group.MapPost("", CreateAsync).WithName("CreateTeam").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(409, 503);
        group.MapGet("/{id}", GetAsync).WithName("GetTeam").RequirePermission(Permission.UserRead, On.Portal).ProducesProblems(404);
        group.MapPut("/{id}", UpdateAsync).WithName("UpdateTeam").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 409, 412, 428, 503);
        group.MapDelete("/{id}", RemoveAsync).WithName("RemoveTeam").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 409, 412, 503);
        group.MapTeamUsage();
        group.MapPut("/{id}/members/{user}", AddAsync).WithName("AddToTeam").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 409, 503);
        group.MapDelete("/{id}/members/{user}", LeaveAsync).WithName("RemoveFromTeam").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 409, 503);
    }

    /// <summary>Lists teams by name.</summary>
    /// <param name="filter">Only those whose name contains this, in whatever case.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<TeamItem>>, Problem>> ListAsync(
        PortalGate gate, IAccessStore store, CancellationToken ct,
        [MaxLength(Paging.LongestFilter)] string? filter = null, [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "ListTeams", ct);
        return reader.Error is { } error
            ? error.ToProblem()
            : TypedResults.Ok((await store.ReadAsync(ct)).Teams.Values.Where(team => team.Name.Contains(filter ?? "", StringComparison.OrdinalIgnoreCase))
                .OrderBy(team => team.Name, StringComparer.OrdinalIgnoreCase).ToArray().Page(page, pageSize, TeamItem.From));
    }

    /// <summary>Makes a team without members. Takes an <c>Idempotency-Key</c>.</summary>
    internal static async Task<Results<Created<TeamItem>, Problem>> CreateAsync(
        NewTeam request, HttpContext http, CurrentActor caller, IChangeAccess access, IAccessStore store, Idempotency once, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var made = await once.OnceAsync(http, actor, Permission.UserManage, request, async () =>
        {
            var id = Secrets.NewId();
            return (await access.RunAsync(new CreateTeam(id, request.Name), actor, ct)).Error is { } error ? error : id;
        }, ct);
        var team = made.Error is { } failed ? failed : (await store.ReadAsync(ct)).Team(made.Value);
        if (team.Error is { } missing)
        {
            return missing.ToProblem();
        }

        http.Response.SetETag(team.Value.Version);
        return TypedResults.Created($"/api/v1/teams/{team.Value.Id}", TeamItem.From(team.Value));
    }

    /// <summary>Gets one team. Its ETag is wanted when you change it.</summary>
    /// <param name="id" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    internal static async Task<Results<Ok<TeamItem>, Problem>> GetAsync(string id, HttpContext http, PortalGate gate, IAccessStore store, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "GetTeam", ct);
        return Shown(http, reader.Error is { } denied ? denied : (await store.ReadAsync(ct)).Team(id));
    }

    /// <summary>Renames a team, says who is in it and how much it may have. Nobody takes people into a team that holds more than they do, or gives it more.</summary>
    /// <param name="id" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    internal static async Task<Results<Ok<TeamItem>, Problem>> UpdateAsync(
        string id, TeamChange request, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var expected = http.Request.Expected();
        return expected.Error is { } unsaid
            ? unsaid.ToProblem()
            : Shown(http, After(await access.RunAsync(new UpdateTeam(id, request.Name, request.Members, expected.Value) { Quota = request.Quota?.Read() }, await caller.GetAsync(ct), ct), id));
    }

    /// <summary>Removes a team with all it was given and its tokens.</summary>
    /// <param name="id" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(string id, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var after = await access.RunAsync(new RemoveTeam(id, http.Request.Optional().Value), await caller.GetAsync(ct), ct);
        return after.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Takes a user into a team.</summary>
    /// <param name="id" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    /// <param name="user" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The user's id.</param>
    internal static async Task<Results<Ok<TeamItem>, Problem>> AddAsync(string id, string user, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct) =>
        Shown(http, After(await access.RunAsync(new AddToTeam(id, user), await caller.GetAsync(ct), ct), id));

    /// <summary>Takes a user out of a team.</summary>
    /// <param name="id" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    /// <param name="user" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The user's id.</param>
    internal static async Task<Results<Ok<TeamItem>, Problem>> LeaveAsync(string id, string user, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct) =>
        Shown(http, After(await access.RunAsync(new RemoveFromTeam(id, user), await caller.GetAsync(ct), ct), id));

    private static Result<Team> After(Result<AccessModel> model, string id) => model.Error is { } error ? error : model.Value.Team(id);

    private static Results<Ok<TeamItem>, Problem> Shown(HttpContext http, Result<Team> team)
    {
        if (team.Error is { } error)
        {
            return error.ToProblem();
        }

        http.Response.SetETag(team.Value.Version);
        return TypedResults.Ok(TeamItem.From(team.Value));
    }
}
