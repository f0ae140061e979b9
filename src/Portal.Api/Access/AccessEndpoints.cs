using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;

namespace Portal.Api.Access;

internal static class AccessEndpoints
{
    public static void MapAccess(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Access");
        group.MapPost("/setup", CompleteSetupAsync).WithName("CompleteSetup").AllowAnonymous().ProducesProblems(400, 401, 409, 429);
        group.MapPost("/auth/token", IssueTokenAsync).WithName("IssueToken").AllowAnonymous().ProducesProblems(400, 401, 429);
        group.MapPost("/auth/refresh", RefreshAsync).WithName("RefreshToken").AllowAnonymous().ProducesProblems(400, 401, 429);
        group.MapPost("/auth/ticket", IssueTicketAsync).WithName("IssueTicket").RequireSignIn().ProducesProblems(429);
        group.MapGet("/me", GetMeAsync).WithName("GetMe").RequireSignIn();
    }

    /// <summary>First run: creates the first administrator. Closed for ever once there is one.</summary>
    internal static async Task<Results<NoContent, Problem>> CompleteSetupAsync(SetupRequest request, ISetup setup, HttpContext http, CancellationToken ct)
    {
        var result = await setup.CompleteAsync(new(request.Secret, request.UserName, request.Password), http.Source(), ct);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Exchanges a name and password, and the code of a second factor where there is one, for a short-lived access token and a refresh token.</summary>
    internal static async Task<Results<Ok<TokenAnswer>, Problem>> IssueTokenAsync(
        TokenRequest request, ISignIn signIn, AccessTokens tokens, RefreshTokens refresh, HttpContext http, CancellationToken ct)
    {
        var principal = await signIn.PasswordAsync(request.UserName, request.Password, request.Code, http.Source(), ct);
        if (principal.Error is { } error)
        {
            return error.ToProblem();
        }

        return TypedResults.Ok(await AnswerAsync(principal.Value, tokens, refresh, http, ct));
    }

    /// <summary>The tokens of somebody who has just signed in.</summary>
    internal static async Task<TokenAnswer> AnswerAsync(ClaimsPrincipal principal, AccessTokens tokens, RefreshTokens refresh, HttpContext http, CancellationToken ct)
    {
        var (user, next) = await refresh.BeginAsync(principal, http.Source(), Printable.Of(http.Request.Headers.UserAgent.ToString()), ct);
        return new(tokens.Issue(user), "Bearer", (int)tokens.Life.TotalSeconds, next, (int)RefreshTokens.Idle.TotalSeconds);
    }

    /// <summary>Exchanges a refresh token for a new access token and the next refresh token. Each is good once: one that is sent again ends the sign-in.</summary>
    internal static async Task<Results<Ok<TokenAnswer>, Problem>> RefreshAsync(RefreshRequest request, AccessTokens tokens, RefreshTokens refresh, HttpContext http, CancellationToken ct)
    {
        var next = await refresh.ExchangeAsync(request.RefreshToken, http.Source(), ct);
        return next.Error is { } error
            ? error.ToProblem()
            : TypedResults.Ok(new TokenAnswer(tokens.Issue(next.Value.Principal), "Bearer", (int)tokens.Life.TotalSeconds, next.Value.Token, (int)RefreshTokens.Idle.TotalSeconds));
    }

    /// <summary>Gives you a ticket for one live connection: <c>/hubs/live?ticket=…</c>, within 30 seconds, over WebSockets without negotiation.</summary>
    internal static async Task<Results<Ok<TicketAnswer>, Problem>> IssueTicketAsync(HttpContext http, Tickets tickets)
    {
        var signedIn = await http.AuthenticateAsync();
        return tickets.Issue(http.User, signedIn.Properties?.ExpiresUtc) is { } ticket
            ? TypedResults.Ok(new TicketAnswer(ticket, (int)Tickets.Life.TotalSeconds))
            : Throttling.Refusal("ticket.throttled", Tickets.Life).ToProblem();
    }

    /// <summary>The caller's address.</summary>
    internal static string Source(this HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    /// <summary>Says who you are and what you may do.</summary>
    internal static async Task<Ok<Me>> GetMeAsync(CurrentActor caller, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return TypedResults.Ok(new Me(actor.Name, actor.UserId, actor.Teams,
            [.. actor.Grants.Select(grant => new MyGrant(grant.Role.Name, ScopeText.Of(grant.Scope), [.. grant.Role.Permissions.Select(permission => permission.ToString()).Order(StringComparer.Ordinal)]))]));
    }
}
