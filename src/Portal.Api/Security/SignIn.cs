using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <inheritdoc cref="ISignIn"/>
internal sealed class SignIn(
    IDbContextFactory<PortalDb> databases, PasswordGate passwords, SecondFactor secondFactor, ILookupNormalizer names, IAuditLog audit, SignInAttempts attempts, ILogger<SignIn> log) : ISignIn
{
    private const int LongestCode = 64;

    private readonly SignInQueue _queue = new();

    public async Task<Result<ClaimsPrincipal>> PasswordAsync(string userName, string password, string? code, string source, CancellationToken ct)
    {
        var result = await TryAsync(userName, password, code, source, ct);
        if (result.Error is { } error)
        {
            log.SignInFailed(source, error.Code);
        }

        var named = PasswordRules.CheckName(userName) is null;
        var actor = new Actor(result.IsSuccess ? PrincipalOf.UserId(result.Value)! : "", named ? userName : "", []) { Source = source };
        await audit.RecordAsync(actor, "SignIn", source, result.Error, ct);
        return result;
    }

    private async Task<Result<ClaimsPrincipal>> TryAsync(string userName, string password, string? code, string source, CancellationToken ct)
    {
        if (attempts.Enter(source) is var full && full > TimeSpan.Zero)
        {
            return Throttling.Refusal("signin.throttled", full);
        }

        var known = PasswordRules.CheckName(userName) is null && password is { Length: <= PasswordRules.LongestPassword };
        var name = known ? names.NormalizeName(userName) : "";
        if (attempts.WaitOf(name, source) is var wait && wait > TimeSpan.Zero)
        {
            return Throttling.Refusal("signin.throttled", wait);
        }

        using var place = _queue.Enter(source);
        if (place is null)
        {
            return SignInQueue.Full;
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        var user = known ? await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.NormalizedUserName == name, ct) : null;
        if (!await passwords.VerifyAsync(user, known ? password : "", ct) || user!.IsDisabled)
        {
            attempts.Failed(name, source);
            return new Error(ErrorKind.Unauthorized, "signin.failed", "The name or the password is wrong.");
        }

        if (user.TwoFactorEnabled)
        {
            if (string.IsNullOrWhiteSpace(code))
            {
                return new Error(ErrorKind.Unauthorized, "signin.second_factor", "Enter the code that your authenticator shows, or one of your recovery codes.");
            }

            if (code.Length > LongestCode || !await secondFactor.UseAsync(user, code, ct))
            {
                // Counted like a wrong password: who has the one must not be free to guess the other.
                attempts.Failed(name, source);
                return new Error(ErrorKind.Unauthorized, "signin.code", "The code is wrong, or was used before. Wait for the next one.");
            }
        }

        attempts.Succeeded(name, source);
        return PrincipalOf.User(user, PortalSchemes.Cookie);
    }
}
