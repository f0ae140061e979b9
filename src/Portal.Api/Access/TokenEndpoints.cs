using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Tokens;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>An API token.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Prefix">The beginning of the secret, to tell tokens apart.</param>
/// <param name="Limits">What it is limited to; null for all that its owner holds.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="LastUsed">When it was last used, to the minute; null for never.</param>
public sealed record TokenItem(string Id, string Name, string Prefix, IReadOnlyList<TokenLimit>? Limits, DateTimeOffset Created, DateTimeOffset Expires, DateTimeOffset? LastUsed)
{
    internal static TokenItem From(ApiToken token) => new(token.Id, token.Name, token.Prefix, token.Limits, token.Created, token.Expires, token.LastUsed);
}

/// <summary>A new API token.</summary>
/// <param name="Name" example="ci">What you call it: 1 to 64 characters.</param>
/// <param name="Days" example="90">How many days it is good, 1 to 366.</param>
/// <param name="Limits">What it is limited to, whatever its owner holds; left out for no limit.</param>
public sealed record NewToken([property: Required, MaxLength(64)] string Name, [property: Required, Range(1, 366)] int Days, [property: MaxLength(64), NoNulls] IReadOnlyList<TokenLimit>? Limits = null);

/// <summary>A token that was just made.</summary>
/// <param name="Token">What is kept of it.</param>
/// <param name="Secret">To be sent as <c>Authorization: Bearer …</c>. Shown this once; null when an <c>Idempotency-Key</c> was sent again.</param>
public sealed record MadeToken(TokenItem Token, string? Secret)
{
    /// <summary>Without the secret: a record's own text form would show it.</summary>
    public override string ToString() => $"MadeToken {{ Token = {Token} }}";
}

/// <summary>API tokens of people and of teams.</summary>
internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        var mine = api.MapGroup("/me/tokens").WithTags("Tokens");
        mine.MapGet("", ListMineAsync).WithName("ListMyTokens").RequireSignIn();
        mine.MapPost("", IssueMineAsync).WithName("IssueMyToken").RequireSignIn().ProducesProblems(409, 503);
        mine.MapDelete("/{id}", RevokeMineAsync).WithName("RevokeMyToken").RequireSignIn().ProducesProblems(404, 503);
        var teams = api.MapGroup("/teams/{team}/tokens").WithTags("Tokens");
        teams.MapGet("", ListOfTeamAsync).WithName("ListTeamTokens").RequirePermission(Permission.UserManage, On.Portal);
        teams.MapPost("", IssueOfTeamAsync).WithName("IssueTeamToken").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 409, 503);
        teams.MapDelete("/{id}", RevokeOfTeamAsync).WithName("RevokeTeamToken").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 503);
        var users = api.MapGroup("/users/{user}/tokens").WithTags("Tokens");
        users.MapGet("", ListOfUserAsync).WithName("ListUserTokens").RequirePermission(Permission.UserManage, On.Portal);
        users.MapDelete("/{id}", RevokeOfUserAsync).WithName("RevokeUserToken").RequirePermission(Permission.UserManage, On.Portal).ProducesProblems(404, 503);
    }

    /// <summary>Lists your API tokens, the newest first.</summary>
    internal static async Task<Results<Ok<IReadOnlyList<TokenItem>>, Problem>> ListMineAsync(CurrentActor caller, ApiTokens tokens, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return PortalGate.NotAPerson(actor) is { } error ? error.ToProblem() : Items(await tokens.ListAsync(new(SubjectKind.User, actor.UserId), ct));
    }

    /// <summary>Makes an API token for yourself. Its secret is shown this once. Takes an <c>Idempotency-Key</c>.</summary>
    internal static async Task<Results<Created<MadeToken>, Problem>> IssueMineAsync(NewToken request, TokenDesk desk, CurrentActor caller, HttpContext http, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return PortalGate.NotAPerson(actor) is { } error ? error.ToProblem() : await desk.IssueAsync(http, null, new(SubjectKind.User, actor.UserId), request, "/api/v1/me/tokens", ct);
    }

    /// <summary>Ends one of your API tokens, at once.</summary>
    /// <param name="id" example="27d3b9e25f6148aca9e1d4b80c7f6325">The token's id.</param>
    internal static async Task<Results<NoContent, Problem>> RevokeMineAsync(string id, TokenDesk desk, CurrentActor caller, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return PortalGate.NotAPerson(actor) is { } error ? error.ToProblem() : await desk.RevokeAsync(null, new(SubjectKind.User, actor.UserId), id, ct);
    }

    /// <summary>Lists a team's API tokens, the newest first.</summary>
    /// <param name="team" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    internal static async Task<Results<Ok<IReadOnlyList<TokenItem>>, Problem>> ListOfTeamAsync(string team, PortalGate gate, ApiTokens tokens, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserManage, "ListTeamTokens", ct);
        return reader.Error is { } error ? error.ToProblem() : Items(await tokens.ListAsync(new(SubjectKind.Team, team), ct));
    }

    /// <summary>Makes an API token for a team. You must hold all that the team does. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="team" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    internal static Task<Results<Created<MadeToken>, Problem>> IssueOfTeamAsync(string team, NewToken request, TokenDesk desk, HttpContext http, CancellationToken ct) =>
        desk.IssueAsync(http, Permission.UserManage, new(SubjectKind.Team, team), request, $"/api/v1/teams/{Uri.EscapeDataString(team)}/tokens", ct);

    /// <summary>Ends an API token of a team, at once.</summary>
    /// <param name="team" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    /// <param name="id" example="17d3b9e25f6148aca9e1d4b80c7f6325">The token's id.</param>
    internal static Task<Results<NoContent, Problem>> RevokeOfTeamAsync(string team, string id, TokenDesk desk, CancellationToken ct) =>
        desk.RevokeAsync(Permission.UserManage, new(SubjectKind.Team, team), id, ct);

    /// <summary>Lists a user's API tokens, the newest first.</summary>
    /// <param name="user" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The user's id.</param>
    internal static async Task<Results<Ok<IReadOnlyList<TokenItem>>, Problem>> ListOfUserAsync(string user, PortalGate gate, ApiTokens tokens, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserManage, "ListUserTokens", ct);
        return reader.Error is { } error ? error.ToProblem() : Items(await tokens.ListAsync(new(SubjectKind.User, user), ct));
    }

    /// <summary>Ends an API token of a user, at once.</summary>
    /// <param name="user" example="5d1a4b8e-3f0c-4b7e-9c46-7a2d1e8f0b35">The user's id.</param>
    /// <param name="id" example="07d3b9e25f6148aca9e1d4b80c7f6325">The token's id.</param>
    internal static Task<Results<NoContent, Problem>> RevokeOfUserAsync(string user, string id, TokenDesk desk, CancellationToken ct) =>
        desk.RevokeAsync(Permission.UserManage, new(SubjectKind.User, user), id, ct);

    private static Ok<IReadOnlyList<TokenItem>> Items(IReadOnlyList<ApiToken> tokens) => TypedResults.Ok<IReadOnlyList<TokenItem>>([.. tokens.Select(TokenItem.From)]);
}

/// <summary>Where tokens are made and ended, whoever they are for.</summary>
internal sealed class TokenDesk(PortalGate gate, CurrentActor caller, IAccessStore store, ApiTokens tokens, Idempotency once, TimeProvider time)
{
    public async Task<Results<Created<MadeToken>, Problem>> IssueAsync(HttpContext http, Permission? permission, Subject owner, NewToken request, string address, CancellationToken ct)
    {
        string? secret = null;
        var made = await once.OnceAsync(http, await caller.GetAsync(ct), permission, request, async () =>
        {
            var id = Secrets.NewId();
            var token = await gate.RunAsync(permission, "IssueToken", $"{owner}/{id}", async actor =>
            {
                if (TokenRules.Check(await store.ReadAsync(ct), actor, owner, request.Name, request.Limits) is { } against)
                {
                    return against;
                }

                (var issued, secret) = await tokens.IssueAsync(id, request.Name, owner, request.Limits, time.GetUtcNow() + TimeSpan.FromDays(request.Days), ct);
                return Result.Of(issued);
            }, ct, issued => new("", $"token {issued.Prefix}… until {issued.Expires:yyyy-MM-dd}, {(issued.Limits is { } limits ? $"limited to {string.Join(", ", limits.Select(limit => $"{limit.Role} over {limit.Scope}"))}" : "without limits")}"));
            return token.Error is { } refused ? refused : id;
        }, ct);
        if (made.Error is { } error)
        {
            return error.ToProblem();
        }

        // Sent again after the token was revoked: there is nothing left to answer with.
        return await tokens.FindAsync(made.Value, ct) is { } found
            ? TypedResults.Created($"{address}/{found.Id}", new MadeToken(TokenItem.From(found), secret))
            : AccessModel.Unknown("token", made.Value).ToProblem();
    }

    public async Task<Results<NoContent, Problem>> RevokeAsync(Permission? permission, Subject owner, string id, CancellationToken ct)
    {
        var done = await gate.RunAsync(permission, "RevokeToken", $"{owner}/{Printable.Of(id, 64)}",
            async _ => await tokens.RevokeAsync(owner, id, ct) ? Result.Of(true) : AccessModel.Unknown("token", id), ct);
        return done.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }
}
