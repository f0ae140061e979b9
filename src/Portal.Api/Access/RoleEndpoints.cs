using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Adapters.Storage;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Roles;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>A role.</summary>
/// <param name="Name">Its name.</param>
/// <param name="BuiltIn">True for one that every installation has and nobody changes.</param>
/// <param name="Permissions" example='["HostRead","ContainerRead"]'>What it allows.</param>
public sealed record RoleItem(string Name, bool BuiltIn, IReadOnlyList<string> Permissions)
{
    internal static RoleItem From(Role role) => new(role.Name, BuiltInRoles.Find(role.Name) is not null, [.. role.Permissions.Select(permission => permission.ToString()).Order(StringComparer.Ordinal)]);
}

/// <summary>A new role of one's own.</summary>
/// <param name="Name" example="Releaser">1 to 64 characters; not that of a built-in role.</param>
/// <param name="Permissions" example='["HostRead","ContainerRead"]'>What it allows.</param>
public sealed record NewRole([property: Required, MaxLength(64)] string Name, [property: Required, MinLength(1), MaxLength(200), NoNulls] IReadOnlyList<string> Permissions);

/// <summary>What of a role can be changed.</summary>
/// <param name="Permissions" example='["HostRead","ContainerRead"]'>What it allows, wherever it was given.</param>
public sealed record RoleChange([property: Required, MinLength(1), MaxLength(200), NoNulls] IReadOnlyList<string> Permissions);

/// <summary>Roles.</summary>
internal static class RoleEndpoints
{
    public static void MapRoles(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/roles").WithTags("Roles");
        group.MapGet("", ListAsync).WithName("ListRoles").RequirePermission(Permission.UserRead, On.Portal);
        group.MapPost("", CreateAsync).WithName("CreateRole").RequirePermission(Permission.AccessManage, On.Portal).ProducesProblems(409, 503);
        group.MapGet("/{name}", GetAsync).WithName("GetRole").RequirePermission(Permission.UserRead, On.Portal).ProducesProblems(404);
        group.MapPut("/{name}", UpdateAsync).WithName("UpdateRole").RequirePermission(Permission.AccessManage, On.Portal).ProducesProblems(404, 409, 412, 428, 503);
        group.MapDelete("/{name}", RemoveAsync).WithName("RemoveRole").RequirePermission(Permission.AccessManage, On.Portal).ProducesProblems(404, 409, 412, 503);
    }

    /// <summary>Lists the built-in roles, then those of your own.</summary>
    internal static async Task<Results<Ok<IReadOnlyList<RoleItem>>, Problem>> ListAsync(PortalGate gate, IAccessStore store, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "ListRoles", ct);
        return reader.Error is { } error
            ? error.ToProblem()
            : TypedResults.Ok<IReadOnlyList<RoleItem>>(
                [.. BuiltInRoles.All.Concat((await store.ReadAsync(ct)).Roles.Values.Select(own => own.Role).OrderBy(role => role.Name, StringComparer.Ordinal)).Select(RoleItem.From)]);
    }

    /// <summary>Makes a role of your own. Takes an <c>Idempotency-Key</c>.</summary>
    internal static async Task<Results<Created<RoleItem>, Problem>> CreateAsync(
        NewRole request, HttpContext http, CurrentActor caller, IChangeAccess access, IAccessStore store, Idempotency once, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var made = await once.OnceAsync(http, actor, Permission.AccessManage, request, async () =>
        {
            var role = Read(request.Name, request.Permissions);
            return (role.Error ?? (await access.RunAsync(new CreateRole(role.Value), actor, ct)).Error) is { } error ? error : request.Name;
        }, ct);
        var stored = made.Error is { } failed ? failed : (await store.ReadAsync(ct)).Role(made.Value);
        if (stored.Error is { } missing)
        {
            return missing.ToProblem();
        }

        http.Response.SetETag(stored.Value.Version);
        return TypedResults.Created($"/api/v1/roles/{Uri.EscapeDataString(stored.Value.Role.Name)}", RoleItem.From(stored.Value.Role));
    }

    /// <summary>Gets one role. That of your own has an ETag, which is wanted when you change it.</summary>
    /// <param name="name" example="Deployer">The role's name.</param>
    internal static async Task<Results<Ok<RoleItem>, Problem>> GetAsync(string name, HttpContext http, PortalGate gate, IAccessStore store, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "GetRole", ct);
        if (reader.IsSuccess && BuiltInRoles.Find(name) is { } builtIn)
        {
            return TypedResults.Ok(RoleItem.From(builtIn));
        }

        return Shown(http, reader.Error is { } denied ? denied : (await store.ReadAsync(ct)).Role(name));
    }

    /// <summary>Gives a role of your own other permissions, wherever it was given.</summary>
    /// <param name="name" example="Deployer">The role's name.</param>
    internal static async Task<Results<Ok<RoleItem>, Problem>> UpdateAsync(
        string name, RoleChange request, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var (expected, role) = (http.Request.Expected(), Read(name, request.Permissions));
        if ((expected.Error ?? role.Error) is { } unusable)
        {
            return unusable.ToProblem();
        }

        var after = await access.RunAsync(new UpdateRole(role.Value, expected.Value), await caller.GetAsync(ct), ct);
        return Shown(http, after.Error is { } error ? error : after.Value.Role(name));
    }

    /// <summary>Removes a role of your own that nobody has.</summary>
    /// <param name="name" example="Deployer">The role's name.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(string name, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var after = await access.RunAsync(new RemoveRole(name, http.Request.Optional().Value), await caller.GetAsync(ct), ct);
        return after.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    private static Result<Role> Read(string name, IReadOnlyList<string> permissions)
    {
        var known = RoleText.Permissions(permissions).ToFrozenSet();
        return known.Count == permissions.Distinct().Count()
            ? new Role(name, known)
            : new Error(ErrorKind.Invalid, "role.permission", "One of the permissions is not known. Those of the built-in role Administrator are all there are.");
    }

    private static Results<Ok<RoleItem>, Problem> Shown(HttpContext http, Result<OwnRole> role)
    {
        if (role.Error is { } error)
        {
            return error.ToProblem();
        }

        http.Response.SetETag(role.Value.Version);
        return TypedResults.Ok(RoleItem.From(role.Value.Role));
    }
}
