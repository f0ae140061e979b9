using System.Security.Claims;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.TestKit.Access;

/// <summary>First run with the secret <c>open-sesame</c>.</summary>
public sealed class FakeSetup : ISetup
{
    /// <summary>The secret that is right.</summary>
    public const string Secret = "open-sesame";

    /// <summary>Whether setup is still open.</summary>
    public bool Required { get; set; } = true;

    /// <summary>What was asked, in order.</summary>
    public List<CompleteSetup> Commands { get; } = [];

    public Task<bool> IsRequiredAsync(CancellationToken ct) => Task.FromResult(Required);

    public Task<Result> CompleteAsync(CompleteSetup command, string source, CancellationToken ct)
    {
        Commands.Add(command);
        if (command.Secret != Secret)
        {
            return Task.FromResult<Result>(new Error(ErrorKind.Unauthorized, "setup.secret", "This is not the setup secret."));
        }

        Required = false;
        return Task.FromResult(Result.Success);
    }
}

/// <summary>Accepts one password for every name.</summary>
public sealed class FakeSignIn : ISignIn
{
    /// <summary>The password that is right.</summary>
    public string Password { get; set; } = "correct horse";

    public Task<Result<ClaimsPrincipal>> PasswordAsync(string userName, string password, string? code, string source, CancellationToken ct) =>
        Task.FromResult<Result<ClaimsPrincipal>>(password == Password
            ? new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, userName)], "test"))
            : new Error(ErrorKind.Unauthorized, "signin.failed", "The user name or the password is wrong."));
}

/// <summary>Everybody who is signed in is the same actor.</summary>
public sealed class FakeActors : IActors
{
    /// <summary>Who that is.</summary>
    public required Actor Actor { get; set; }

    public Task<Actor> FindAsync(ClaimsPrincipal principal, CancellationToken ct) =>
        Task.FromResult(principal.Identity is { IsAuthenticated: true } ? Actor : Actor.Anonymous);
}
