using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>Another password for yourself.</summary>
/// <param name="Current" example="correct horse battery">The present one.</param>
/// <param name="Password" example="staple horse battery">The new one, 8 to 1,024 characters.</param>
/// <param name="Code">The code of your authenticator, if you have a second factor.</param>
public sealed record PasswordChange([property: Required, MaxLength(1024)] string Current, [property: Required, MaxLength(1024)] string Password, [property: MaxLength(64)] string? Code = null)
{
    /// <summary>Without the passwords.</summary>
    public override string ToString() => "PasswordChange";
}

/// <summary>A key for your authenticator.</summary>
/// <param name="Key">To be typed into it.</param>
/// <param name="Address">The same for a QR code.</param>
public sealed record SecondFactorKey(string Key, string Address)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => "SecondFactorKey";
}

/// <summary>A code of your authenticator.</summary>
/// <param name="Code" example="123456">Six digits.</param>
public sealed record SecondFactorCode([property: Required, MaxLength(64)] string Code);

/// <summary>Codes for when the authenticator is lost.</summary>
/// <param name="Codes">Each is good once. Shown this once.</param>
public sealed record RecoveryCodeList(IReadOnlyList<string> Codes)
{
    /// <summary>Without the codes.</summary>
    public override string ToString() => "RecoveryCodeList";
}

/// <summary>Proof that it is you.</summary>
/// <param name="Password" example="correct horse battery">Your password.</param>
/// <param name="Code" example="123456">The code of your authenticator, or a recovery code.</param>
public sealed record Proof([property: Required, MaxLength(1024)] string Password, [property: Required, MaxLength(64)] string Code)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => "Proof";
}

/// <summary>What people do with their own account.</summary>
internal static class MeEndpoints
{
    public static void MapMe(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/me").WithTags("Access");
        group.MapPost("/password", ChangePasswordAsync).WithName("ChangePassword").RequireSignIn().ProducesProblems(429, 503);
        group.MapGet("/sessions", ListSessionsAsync).WithName("ListMySessions").RequireSignIn();
        group.MapDelete("/sessions/{id}", RevokeSessionAsync).WithName("RevokeMySession").RequireSignIn().ProducesProblems(404, 503);
        group.MapPost("/second-factor", BeginSecondFactorAsync).WithName("BeginSecondFactor").RequireSignIn().ProducesProblems(409, 503);
        group.MapPost("/second-factor/confirm", ConfirmSecondFactorAsync).WithName("ConfirmSecondFactor").RequireSignIn().ProducesProblems(503);
        group.MapPost("/second-factor/remove", RemoveSecondFactorAsync).WithName("RemoveSecondFactor").RequireSignIn().ProducesProblems(429, 503);
    }

    /// <summary>Changes your password. All your sessions and tokens end, this one too: sign in again.</summary>
    internal static async Task<Results<NoContent, Problem>> ChangePasswordAsync(
        PasswordChange request, PortalGate gate, ISignIn signIn, PasswordGate passwords, IAccessStore store, HttpContext http, CancellationToken ct)
    {
        var done = await gate.RunAsync(null, "ChangePassword", "self", async actor =>
        {
            if ((PortalGate.NotAPerson(actor) ?? PasswordRules.CheckPassword(request.Password, actor.Name)
                ?? (await signIn.PasswordAsync(actor.Name, request.Current, request.Code, http.Source(), ct)).Error) is { } against)
            {
                return against;
            }

            var hash = await passwords.HashAsync(new(), request.Password, ct);
            return (await store.ChangeAsync(new ResetPassword(actor.UserId, hash, false, Secrets.NewId()).ApplyTo, ct)).Error is { } failed ? failed : Result.Of(true);
        }, ct, _ => new("", "another password"));
        return Answer(done);
    }

    /// <summary>Lists your sessions, the newest first.</summary>
    internal static async Task<Results<Ok<IReadOnlyList<SessionItem>>, Problem>> ListSessionsAsync(CurrentActor caller, Sessions sessions, ClaimsPrincipal user, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var current = user.FindFirstValue(PortalClaims.Session) ?? user.FindFirstValue(PortalClaims.Family) ?? "";
        return PortalGate.NotAPerson(actor) is { } error ? error.ToProblem() : TypedResults.Ok(await sessions.ListAsync(actor.UserId, current, ct));
    }

    /// <summary>Ends one of your sessions.</summary>
    /// <param name="id" example="7b1f3ce1d2b84957a1c3e5f708192b4d">The session's id.</param>
    internal static async Task<Results<NoContent, Problem>> RevokeSessionAsync(string id, PortalGate gate, Sessions sessions, CancellationToken ct) => Answer(await gate.RunAsync(
        null, "RevokeSession", Printable.Of(id, 64), async actor => PortalGate.NotAPerson(actor) is { } error ? error : await sessions.RevokeAsync(actor.UserId, id, ct), ct));

    /// <summary>Begins to set up a second factor: a key for your authenticator. It counts once you have confirmed it with a code.</summary>
    internal static async Task<Results<Ok<SecondFactorKey>, Problem>> BeginSecondFactorAsync(PortalGate gate, SecondFactor factor, CancellationToken ct)
    {
        var key = await gate.RunAsync(null, "BeginSecondFactor", "self", async actor => PortalGate.NotAPerson(actor) is { } error
            ? error
            : await factor.BeginAsync(actor.UserId, ct) is { } made
                ? Result.Of(new SecondFactorKey(Totp.Base32(made), Totp.Address(actor.Name, made)))
                : new Error(ErrorKind.Conflict, "second_factor.exists", "You have a second factor already. Remove it first."), ct);
        return key.Error is { } failed ? failed.ToProblem() : TypedResults.Ok(key.Value);
    }

    /// <summary>Puts your second factor in force. The recovery codes are shown this once.</summary>
    internal static async Task<Results<Ok<RecoveryCodeList>, Problem>> ConfirmSecondFactorAsync(SecondFactorCode request, PortalGate gate, SecondFactor factor, CancellationToken ct)
    {
        var codes = await gate.RunAsync(null, "ConfirmSecondFactor", "self", async actor => PortalGate.NotAPerson(actor) is { } error
            ? error
            : await factor.ConfirmAsync(actor.UserId, request.Code, ct) is { } made
                ? Result.Of(new RecoveryCodeList(made))
                : new Error(ErrorKind.Invalid, "second_factor.code", "This is not the code of the key that you were given. Look at the clock of your device, then try the next one."), ct, _ => new("", "a second factor"));
        return codes.Error is { } failed ? failed.ToProblem() : TypedResults.Ok(codes.Value);
    }

    /// <summary>Takes your second factor away. Wants your password and a code.</summary>
    internal static async Task<Results<NoContent, Problem>> RemoveSecondFactorAsync(Proof request, PortalGate gate, ISignIn signIn, SecondFactor factor, HttpContext http, CancellationToken ct) =>
        Answer(await gate.RunAsync(null, "RemoveSecondFactor", "self", async actor =>
        {
            if ((PortalGate.NotAPerson(actor) ?? (await signIn.PasswordAsync(actor.Name, request.Password, request.Code, http.Source(), ct)).Error) is { } against)
            {
                return against;
            }

            await factor.RemoveAsync(actor.UserId, ct);
            return Result.Of(true);
        }, ct, _ => new("a second factor", "")));

    private static Results<NoContent, Problem> Answer(Result<bool> done) => done.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
}
