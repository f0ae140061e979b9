using System.Security.Claims;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Users;

/// <summary>First run: the holder of the one-time setup secret creates the first administrator. Closes for ever once one exists.</summary>
public interface ISetup
{
    /// <summary>True until the first administrator exists.</summary>
    Task<bool> IsRequiredAsync(CancellationToken ct);

    /// <summary>Creates the first administrator.</summary>
    /// <param name="command">The secret and the account.</param>
    /// <param name="source">The caller's address; wrong secrets are counted per source (5 failures, then a growing delay, code <c>setup.throttled</c>).</param>
    /// <param name="ct">Cancels the call.</param>
    /// <returns>Errors: <c>setup.secret</c> (401), <c>setup.closed</c> (409), <c>setup.throttled</c> (429), <c>user.name</c> / <c>user.password</c> (400).</returns>
    Task<Result> CompleteAsync(CompleteSetup command, string source, CancellationToken ct);
}

/// <summary>Creates the first administrator. A record's text form would show the secrets, so it is replaced.</summary>
public sealed record CompleteSetup(string Secret, string UserName, string Password)
{
    public override string ToString() => $"CompleteSetup {{ UserName = {UserName} }}";
}

/// <summary>Checks a name, a password and, where the account has one, a second factor.</summary>
public interface ISignIn
{
    /// <summary>
    /// The principal for a cookie or token, or <c>signin.failed</c> (401) or <c>signin.throttled</c> (429). Unknown and wrong look the same. When the
    /// password is right and the account has a second factor: <c>signin.second_factor</c> (401) without a code, <c>signin.code</c> (401) with a wrong one.
    /// </summary>
    /// <param name="userName">The account's name.</param>
    /// <param name="password">Its password.</param>
    /// <param name="code">The code that the authenticator shows, or a recovery code; null for none.</param>
    /// <param name="source">The caller's address; failures are counted per account and source, attempts per source.</param>
    /// <param name="ct">Cancels the call.</param>
    Task<Result<ClaimsPrincipal>> PasswordAsync(string userName, string password, string? code, string source, CancellationToken ct);
}

/// <summary>Turns a signed-in principal into the actor that handlers and feeds take.</summary>
public interface IActors
{
    /// <summary>The actor with the grants in force now; <see cref="Actor.Anonymous"/> when nobody is signed in or the account is gone.</summary>
    Task<Actor> FindAsync(ClaimsPrincipal principal, CancellationToken ct);
}
