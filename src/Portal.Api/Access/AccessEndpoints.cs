using Portal.Domain.Access;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access.Users;

namespace Portal.Api.Access;

internal static class AccessEndpoints
{
    public static void MapAccess(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Access");
        group.MapPost("/setup", CompleteSetupAsync).WithName("CompleteSetup").AllowAnonymous().ProducesProblems(400, 401, 409, 429);
        group.MapPost("/auth/token", IssueTokenAsync).WithName("IssueToken").AllowAnonymous().ProducesProblems(400, 401, 429);
        group.MapGet("/me", GetMeAsync).WithName("GetMe").RequireSignIn();
    }

    /// <summary>First run: creates the first administrator. Closed for ever once there is one.</summary>
    internal static async Task<Results<NoContent, Problem>> CompleteSetupAsync(SetupRequest request, ISetup setup, HttpContext http, CancellationToken ct)
    {
        var result = await setup.CompleteAsync(new(request.Secret, request.UserName, request.Password), SourceOf(http), ct);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Exchanges a name and password for a short-lived access token.</summary>
    internal static async Task<Results<Ok<TokenAnswer>, Problem>> IssueTokenAsync(TokenRequest request, ISignIn signIn, AccessTokens tokens, HttpContext http, CancellationToken ct)
    {
        var principal = await signIn.PasswordAsync(request.UserName, request.Password, SourceOf(http), ct);
        return principal.Error is { } error
            ? error.ToProblem()
            : TypedResults.Ok(new TokenAnswer(tokens.Issue(principal.Value), "Bearer", (int)tokens.Life.TotalSeconds));
    }

    private static string SourceOf(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    /// <summary>Says who you are and what you may do.</summary>
    internal static async Task<Ok<Me>> GetMeAsync(CurrentActor caller, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return TypedResults.Ok(new Me(actor.Name,
            [.. actor.Grants.Select(grant => new MyGrant(grant.Role.Name, grant.Scope is Scope.OfHost one ? one.Host.Value : null, [.. grant.Role.Permissions.Select(permission => permission.ToString()).Order(StringComparer.Ordinal)]))]));
    }
}
