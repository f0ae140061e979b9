using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Portal.Api.Http;
using Portal.Domain.Access.Users;

namespace Portal.Api.Security;

/// <summary>Signs a program in by the API token that it sends as Bearer.</summary>
internal sealed class ApiTokenSignIn(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, ApiTokens tokens, IActors actors)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    /// <summary>The Authorization header of an API token begins so.</summary>
    public const string Prefix = "Bearer " + ApiTokens.Mark;

    private const int Longest = 128;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (header.Length > Longest || await tokens.UseAsync(header["Bearer ".Length..], Context.RequestAborted) is not { } token)
        {
            return AuthenticateResult.Fail("unknown");
        }

        // The owner may be gone or disabled.
        var principal = PrincipalOf.Token(token);
        return await SignedIn.AcceptAsync(Context, actors, principal)
            ? AuthenticateResult.Success(new(principal, new() { ExpiresUtc = token.Expires }, Scheme.Name))
            : AuthenticateResult.Fail("revoked");
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Authentication.RefuseAsync(Context);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => ErrorProblems.Forbidden().ExecuteAsync(Context);
}
