using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Api.Security.Passkeys;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Users;

namespace Portal.Api.Access;

/// <summary>Accounts.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/users").WithTags("Users");
        group.MapGet("", ListAsync).WithName("ListUsers").RequirePermission(Permission.UserRead, On.Portal);
        group.MapPost("", CreateAsync).WithName("CreateUser").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(409, 503);
        group.MapGet("/{id}", GetAsync).WithName("GetUser").RequirePermission(Permission.UserRead, On.Portal).ProducesProblems(404);
        group.MapPut("/{id}", UpdateAsync).WithName("UpdateUser").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 409, 412, 428, 503);
        group.MapDelete("/{id}", RemoveAsync).WithName("RemoveUser").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 409, 412, 503);
        group.MapPost("/{id}/password", ResetAsync).WithName("ResetPassword").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 503);
        group.MapGet("/{id}/sessions", SessionsAsync).WithName("ListUserSessions").RequirePermission(Permission.UserManage, On.Portal);
        group.MapDelete("/{id}/sessions/{session}", RevokeAsync).WithName("RevokeUserSession").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 503);
        group.MapGet("/{id}/passkeys", PasskeysAsync).WithName("ListUserPasskeys").RequirePermission(Permission.UserManage, On.Portal);
        group.MapDelete("/{id}/passkeys", RemovePasskeysAsync).WithName("RemoveUserPasskeys").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 503);
    }

    /// <summary>Lists accounts.</summary>
    /// <param name="filter">Only those whose name contains this, in whatever case.</param>
    /// <param name="sort"><c>name</c> or <c>created</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<UserItem>>, Problem>> ListAsync(
        PortalGate gate, IDbContextFactory<PortalDb> databases, CancellationToken ct,
        [MaxLength(Paging.LongestFilter)] string? filter = null, [AllowedValues("name", "-name", "created", "-created")] string sort = "name",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "ListUsers", ct);
        if (reader.Error is { } error)
        {
            return error.ToProblem();
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        var part = filter?.ToUpperInvariant() ?? "";
        var users = db.Users.AsNoTracking().Where(user => part == "" || user.NormalizedUserName!.Contains(part));
        users = sort switch
        {
            "-name" => users.OrderByDescending(user => user.NormalizedUserName),
            "created" => users.OrderBy(user => user.CreatedUnix).ThenBy(user => user.NormalizedUserName),
            "-created" => users.OrderByDescending(user => user.CreatedUnix).ThenBy(user => user.NormalizedUserName),
            _ => users.OrderBy(user => user.NormalizedUserName),
        };
        return TypedResults.Ok(await users.PageAsync(page, pageSize, UserItem.From, ct));
    }

    /// <summary>Makes an account. It holds nothing until somebody gives it something. Takes an <c>Idempotency-Key</c>.</summary>
    internal static async Task<Results<Created<UserItem>, Problem>> CreateAsync(
        NewUser request, HttpContext http, CurrentActor caller, IChangeAccess access, IAccessStore store, PasswordGate passwords, Idempotency once, TimeProvider time, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var made = await once.OnceAsync(http, actor, Permission.UserManage, request, async () =>
        {
            if ((PasswordRules.CheckName(request.Name) ?? PasswordRules.CheckPassword(request.Password, request.Name)) is { } unusable)
            {
                return unusable;
            }

            var user = new User(Guid.NewGuid().ToString(), request.Name)
            {
                PasswordHash = await passwords.HashAsync(new(), request.Password, ct), Stamp = Secrets.NewId(), Created = time.GetUtcNow(),
            };
            var after = await access.RunAsync(new CreateUser(user), actor, ct);
            return after.Error is { } error ? error : user.Id;
        }, ct);
        var item = made.Error is { } failed ? failed : (await store.ReadAsync(ct)).User(made.Value);
        return item.Error is { } missing ? missing.ToProblem() : Made(http, item.Value);
    }

    /// <summary>Gets one account. Its ETag is wanted when you change it.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    internal static async Task<Results<Ok<UserItem>, Problem>> GetAsync(string id, HttpContext http, PortalGate gate, IAccessStore store, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "GetUser", ct);
        var user = reader.Error is { } denied ? denied : (await store.ReadAsync(ct)).User(id);
        return user.Error is { } error ? error.ToProblem() : Shown(http, user.Value);
    }

    /// <summary>Renames, disables or enables an account. The last administrator cannot be disabled.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    internal static async Task<Results<Ok<UserItem>, Problem>> UpdateAsync(
        string id, UserChange request, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var expected = http.Request.Expected();
        if ((expected.Error ?? PasswordRules.CheckName(request.Name)) is { } unusable)
        {
            return unusable.ToProblem();
        }

        var after = await access.RunAsync(new UpdateUser(id, request.Name, request.Disabled, Secrets.NewId(), expected.Value), await caller.GetAsync(ct), ct);
        return after.Error is { } error ? error.ToProblem() : Shown(http, after.Value.Users[id]);
    }

    /// <summary>Removes an account with all it was given. The last administrator cannot be removed.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(string id, HttpContext http, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var after = await access.RunAsync(new RemoveUser(id, http.Request.Optional().Value), await caller.GetAsync(ct), ct);
        return after.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Gives an account another password, and takes its passkeys away. Its sessions and tokens end at once.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    internal static async Task<Results<NoContent, Problem>> ResetAsync(
        string id, PasswordReset request, CurrentActor caller, IChangeAccess access, PasswordGate passwords, CancellationToken ct)
    {
        if (PasswordRules.CheckPassword(request.Password, "") is { } unusable)
        {
            return unusable.ToProblem();
        }

        var hash = await passwords.HashAsync(new(), request.Password, ct);
        var after = await access.RunAsync(new ResetPassword(id, hash, request.RemoveSecondFactor, Secrets.NewId()) { WithoutPasskeys = true }, await caller.GetAsync(ct), ct);
        return after.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Lists an account's sessions.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    internal static async Task<Results<Ok<IReadOnlyList<SessionItem>>, Problem>> SessionsAsync(string id, PortalGate gate, Sessions sessions, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserManage, "ListUserSessions", ct);
        return reader.Error is { } error ? error.ToProblem() : TypedResults.Ok(await sessions.ListAsync(id, "", ct));
    }

    /// <summary>Ends a session of an account.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    /// <param name="session" example="6a0f3ce1d2b84957a1c3e5f708192b4d">The session's id.</param>
    internal static async Task<Results<NoContent, Problem>> RevokeAsync(string id, string session, PortalGate gate, Sessions sessions, CancellationToken ct)
    {
        var done = await gate.RunAsync(Permission.UserManage, "RevokeUserSession", $"{Printable.Of(id, 64)}/{Printable.Of(session, 64)}", _ => sessions.RevokeAsync(id, session, ct), ct);
        return done.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Lists an account's passkeys.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    internal static async Task<Results<Ok<IReadOnlyList<PasskeyItem>>, Problem>> PasskeysAsync(string id, PortalGate gate, PasskeyKeys keys, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserManage, "ListUserPasskeys", ct);
        return reader.Error is { } error ? error.ToProblem() : TypedResults.Ok(await keys.ListAsync(id, ct));
    }

    /// <summary>Takes all passkeys of an account away, for somebody whose device was lost or stolen. Its sessions and tokens end too.</summary>
    /// <param name="id" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The account's id.</param>
    internal static async Task<Results<NoContent, Problem>> RemovePasskeysAsync(string id, CurrentActor caller, IChangeAccess access, CancellationToken ct)
    {
        var after = await access.RunAsync(new RemovePasskeys(id, Secrets.NewId()), await caller.GetAsync(ct), ct);
        return after.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    private static Ok<UserItem> Shown(HttpContext http, User user)
    {
        http.Response.SetETag(user.Version);
        return TypedResults.Ok(UserItem.From(user));
    }

    private static Created<UserItem> Made(HttpContext http, User user)
    {
        http.Response.SetETag(user.Version);
        return TypedResults.Created($"/api/v1/users/{user.Id}", UserItem.From(user));
    }
}
