using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Grants;
using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>A role over a scope, given to somebody.</summary>
/// <param name="Id">Stable; empty in an answer about a grant that is not stored.</param>
/// <param name="SubjectKind"><c>user</c> or <c>team</c>.</param>
/// <param name="SubjectId" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">Its id.</param>
/// <param name="Role" example="Viewer">Name of the role.</param>
/// <param name="Scope" example="host:local"><c>all</c>, <c>host:…</c>, <c>group:…</c>, <c>swarm:…</c>, or a part of one: <c>stack:…@…</c>, <c>labels:…@…</c>, <c>resource:kind:id@host:…</c>, <c>own@…</c>.</param>
public sealed record GrantItem(string Id, SubjectKind SubjectKind, string SubjectId, string Role, string Scope)
{
    internal static GrantItem From(Grant grant) => new(grant.Id, grant.Subject.Kind, grant.Subject.Id ?? "", grant.Role.Name, ScopeText.Of(grant.Scope));
}

/// <summary>A new grant.</summary>
/// <param name="SubjectKind"><c>user</c> or <c>team</c>.</param>
/// <param name="SubjectId" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">Its id.</param>
/// <param name="Role" example="Viewer">Name of the role.</param>
/// <param name="Scope" example="host:local">What it covers, as in a grant.</param>
public sealed record NewGrant([property: Required] SubjectKind SubjectKind, [property: Required, MaxLength(64)] string SubjectId, [property: Required, MaxLength(64)] string Role, [property: Required, MaxLength(2048)] string Scope);

/// <summary>Why somebody may or may not do something.</summary>
/// <param name="Allowed">What the policy says.</param>
/// <param name="Sentence">The rule behind it.</param>
/// <param name="By">The grant that allows it; null when it is refused.</param>
/// <param name="Near">Grants with the permission that do not reach so far.</param>
public sealed record WhyAnswer(bool Allowed, string Sentence, GrantItem? By, IReadOnlyList<GrantItem> Near);

/// <summary>Grants, and what they amount to.</summary>
internal static class GrantEndpoints
{
    public static void MapGrants(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/grants").WithTags("Grants");
        group.MapGet("", ListAsync).WithName("ListGrants").RequirePermission(Permission.UserRead, On.Portal);
        group.MapPost("", CreateAsync).WithName("CreateGrant").RequirePermission(Permission.AccessManage, On.Portal).ProducesProblems(404, 409, 503);
        group.MapGet("/{id}", GetAsync).WithName("GetGrant").RequirePermission(Permission.UserRead, On.Portal).ProducesProblems(404);
        group.MapDelete("/{id}", RemoveAsync).WithName("RemoveGrant").RequirePermission(Permission.AccessManage, On.Portal).ProducesProblems(404, 409, 503);
        api.MapGet("/access/why", WhyAsync).WithTags("Grants").WithName("WhyAccess").RequirePermission(Permission.UserRead, On.Portal).ProducesProblems(404);
    }

    /// <summary>Lists grants.</summary>
    /// <param name="subject">Only those of this user or team.</param>
    /// <param name="role">Only those of this role.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<GrantItem>>, Problem>> ListAsync(
        PortalGate gate, IAccessStore store, CancellationToken ct, [MaxLength(64)] string? subject = null, [MaxLength(64)] string? role = null,
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "ListGrants", ct);
        return reader.Error is { } error
            ? error.ToProblem()
            : TypedResults.Ok((await store.ReadAsync(ct)).Grants.Values
                .Where(grant => (subject is null || grant.Subject.Id == subject) && (role is null || grant.Role.Name == role))
                .OrderBy(grant => grant.Id, StringComparer.Ordinal).ToArray().Page(page, pageSize, GrantItem.From));
    }

    /// <summary>Gives a role over a scope to a user or team. Nobody gives what they do not hold. Takes an <c>Idempotency-Key</c>.</summary>
    internal static async Task<Results<Created<GrantItem>, Problem>> CreateAsync(
        NewGrant request, HttpContext http, CurrentActor caller, IChangeAccess access, IAccessStore store, Idempotency once, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var made = await once.OnceAsync(http, actor, Permission.AccessManage, request, async () =>
        {
            var id = Secrets.NewId();
            return (await access.RunAsync(new CreateGrant(id, new(request.SubjectKind, request.SubjectId), request.Role, request.Scope), actor, ct)).Error is { } error ? error : id;
        }, ct);
        var grant = made.Error is { } failed ? failed : Find(await store.ReadAsync(ct), made.Value);
        return grant.Error is { } missing ? missing.ToProblem() : TypedResults.Created($"/api/v1/grants/{grant.Value.Id}", GrantItem.From(grant.Value));
    }

    /// <summary>Gets one grant. Grants do not change: they are given and taken back.</summary>
    /// <param name="id" example="9c2f51d08a7b4c63b1e4f7a2905d3c18">The grant's id.</param>
    internal static async Task<Results<Ok<GrantItem>, Problem>> GetAsync(string id, PortalGate gate, IAccessStore store, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "GetGrant", ct);
        var grant = reader.Error is { } denied ? denied : Find(await store.ReadAsync(ct), id);
        return grant.Error is { } error ? error.ToProblem() : TypedResults.Ok(GrantItem.From(grant.Value));
    }

    /// <summary>Takes a grant back. It counts no more at once; open streams end within five seconds. The last administrator's cannot be taken.</summary>
    /// <param name="id" example="9c2f51d08a7b4c63b1e4f7a2905d3c18">The grant's id.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(string id, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var after = await access.RunAsync(new RemoveGrant(id), await caller.GetAsync(ct), ct);
        return after.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Says whether a user may do something, and by which grant, or what is missing.</summary>
    /// <param name="user" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The user's id.</param>
    /// <param name="permission" example="ContainerStart">Name of the permission.</param>
    /// <param name="host">The host it is done on; left out for the portal itself.</param>
    /// <param name="kind">What sort of resource it is done to; left out for the host as a whole.</param>
    /// <param name="resource">The resource's full id; left out for one that is about to be created.</param>
    /// <param name="stack">Name of the stack or Compose project that it belongs to.</param>
    internal static async Task<Results<Ok<WhyAnswer>, Problem>> WhyAsync(
        [MaxLength(64)] string user, [MaxLength(64)] string permission, PortalGate gate, Actors actors, IAccessPolicy policy, IHostAccess hosts, CancellationToken ct,
        [MaxLength(64)] string? host = null, ResourceKind? kind = null, [MaxLength(255)] string? resource = null, [MaxLength(255)] string? stack = null)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "WhyAccess", ct);
        if (reader.Error is { } denied)
        {
            return denied.ToProblem();
        }

        if (!char.IsAsciiLetter(permission.FirstOrDefault()) || !Enum.TryParse<Permission>(permission, out var asked))
        {
            return new Error(ErrorKind.Invalid, "role.permission", "There is no such permission.").ToProblem();
        }

        var target = AccessTarget.Portal;
        if (host is not null)
        {
            if (!HostId.TryParse(host, null, out var id))
            {
                return Targets.UnknownHost(host).ToProblem();
            }

            target = hosts.Target(id) with
            {
                Kind = kind, Id = resource, Stack = stack, Owners = kind is { } sort && resource is not null ? hosts.Owners(id, sort, resource) : [],
            };
        }

        if (await actors.OfUserAsync(user, ct) is not { } actor)
        {
            return AccessModel.Unknown("user", user).ToProblem();
        }

        var why = WhyAccess.Of(policy, actor, asked, target);
        return TypedResults.Ok(new WhyAnswer(why.Allowed, why.Sentence, why.By is { } by ? GrantItem.From(by) : null, [.. why.Near.Select(GrantItem.From)]));
    }

    private static Result<Grant> Find(AccessModel model, string id) => model.Grants.TryGetValue(id, out var grant) ? grant : AccessModel.Unknown("grant", id);
}
