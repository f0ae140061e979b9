using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Adapters.Storage;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Api.Security.Passkeys;

namespace Portal.Api.Access;

/// <summary>A passkey.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">What its holder calls it.</param>
/// <param name="Created">When it was added.</param>
/// <param name="LastUsed">When somebody last signed in by it; null for never.</param>
/// <param name="BackedUp">True when it is on other devices of its holder too.</param>
public sealed record PasskeyItem(string Id, string Name, DateTimeOffset Created, DateTimeOffset? LastUsed, bool BackedUp)
{
    internal static PasskeyItem From(PasskeyRecord record) => new(
        record.Id, record.Name, DateTimeOffset.FromUnixTimeSeconds(record.CreatedUnix), record.LastUsedUnix is { } used ? DateTimeOffset.FromUnixTimeSeconds(used) : null, record.IsBackedUp);
}

/// <summary>What to ask a device.</summary>
/// <param name="Id">To be sent with the answer. Good once.</param>
/// <param name="Options">For <c>PublicKeyCredential.parseCreationOptionsFromJSON</c> or <c>parseRequestOptionsFromJSON</c> in a browser.</param>
/// <param name="ExpiresIn">Seconds.</param>
public sealed record PasskeyQuestion(string Id, JsonElement Options, int ExpiresIn);

/// <summary>Proof that it is you: needed when you signed in more than ten minutes ago.</summary>
/// <param name="Password">Your password.</param>
/// <param name="Code">The code of your authenticator, if you have a second factor.</param>
public sealed record PasskeyProof([property: MaxLength(1024)] string? Password = null, [property: MaxLength(64)] string? Code = null)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => "PasskeyProof";
}

/// <summary>A new passkey.</summary>
/// <param name="Id" example="0b9b3a6e5f3f4c0f9d3b0f5a4d6c7e81">Of the question.</param>
/// <param name="Name" example="My laptop">What you call it, 1 to 64 characters.</param>
/// <param name="Credential" example='{"id":"AA","type":"public-key"}'>What <c>navigator.credentials.create</c> gave, by its <c>toJSON</c>.</param>
public sealed record NewPasskey([property: Required, MaxLength(64)] string Id, [property: Required, MaxLength(64)] string Name, [property: Required] JsonElement Credential);

/// <summary>Another name for a passkey.</summary>
/// <param name="Name" example="My laptop">What you call it, 1 to 64 characters.</param>
public sealed record PasskeyName([property: Required, MaxLength(64)] string Name);

/// <summary>A device's answer.</summary>
/// <param name="Id" example="0b9b3a6e5f3f4c0f9d3b0f5a4d6c7e81">Of the question.</param>
/// <param name="Credential" example='{"id":"AA","type":"public-key"}'>What <c>navigator.credentials.get</c> gave, by its <c>toJSON</c>.</param>
public sealed record PasskeyAnswer([property: Required, MaxLength(64)] string Id, [property: Required] JsonElement Credential)
{
    /// <summary>Without the answer.</summary>
    public override string ToString() => "PasskeyAnswer";
}

/// <summary>Passkeys: one's own, and signing in by them.</summary>
internal static class PasskeyEndpoints
{
    public static void MapPasskeys(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Access");
        group.MapPost("/auth/passkey/options", BeginSignInAsync).WithName("BeginPasskeySignIn").AllowAnonymous().ProducesProblems(409, 429);
        group.MapPost("/auth/passkey/token", IssueTokenAsync).WithName("IssueTokenByPasskey").AllowAnonymous().ProducesProblems(400, 401, 429);
        group.MapPost("/auth/passkey/session", OpenSessionAsync).WithName("OpenSessionByPasskey").AllowAnonymous().ProducesProblems(400, 401, 403, 429);
        group.MapGet("/me/passkeys", ListAsync).WithName("ListMyPasskeys").RequireSignIn();
        group.MapPost("/me/passkeys/options", BeginAddingAsync).WithName("BeginPasskey").RequireSignIn().ProducesProblems(409, 429, 503);
        group.MapPost("/me/passkeys", AddAsync).WithName("AddPasskey").RequireSignIn().ProducesProblems(409, 503);
        group.MapPut("/me/passkeys/{id}", RenameAsync).WithName("RenamePasskey").RequireSignIn().ProducesProblems(404, 503);
        group.MapDelete("/me/passkeys/{id}", RemoveAsync).WithName("RemovePasskey").RequireSignIn().ProducesProblems(404, 503);
    }

    /// <summary>Begins a sign-in by passkey: what to ask the device.</summary>
    internal static async Task<Results<Ok<PasskeyQuestion>, Problem>> BeginSignInAsync(PasskeyDesk desk, HttpContext http)
    {
        var question = await desk.BeginSignInAsync(http);
        return question.Error is { } error ? error.ToProblem() : TypedResults.Ok(question.Value);
    }

    /// <summary>Exchanges a passkey's answer for a short-lived access token and a refresh token. No second factor is asked for: the device has done that.</summary>
    internal static async Task<Results<Ok<TokenAnswer>, Problem>> IssueTokenAsync(PasskeyAnswer request, PasskeyDesk desk, AccessTokens tokens, RefreshTokens refresh, HttpContext http, CancellationToken ct)
    {
        var principal = await desk.FinishSignInAsync(request.Id, request.Credential, http, ct);
        return principal.Error is { } error ? error.ToProblem() : TypedResults.Ok(await AccessEndpoints.AnswerAsync(principal.Value, tokens, refresh, http, ct));
    }

    /// <summary>Opens a browser's session by a passkey's answer: sets its cookie.</summary>
    internal static async Task<Results<NoContent, Problem>> OpenSessionAsync(PasskeyAnswer request, PasskeyDesk desk, HttpContext http, CancellationToken ct)
    {
        var principal = await desk.FinishSignInAsync(request.Id, request.Credential, http, ct);
        if (principal.Error is { } error)
        {
            return error.ToProblem();
        }

        await http.SignInAsync(PortalSchemes.Cookie, principal.Value);
        return TypedResults.NoContent();
    }

    /// <summary>Lists your passkeys, the oldest first.</summary>
    internal static async Task<Results<Ok<IReadOnlyList<PasskeyItem>>, Problem>> ListAsync(CurrentActor caller, PasskeyKeys keys, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return PortalGate.NotAPerson(actor) is { } error ? error.ToProblem() : TypedResults.Ok(await keys.ListAsync(actor.UserId, ct));
    }

    /// <summary>Begins to add a passkey: what to ask the device. Wants your password, unless you have just signed in.</summary>
    internal static async Task<Results<Ok<PasskeyQuestion>, Problem>> BeginAddingAsync(PasskeyProof request, PortalGate gate, PasskeyDesk desk, HttpContext http, CancellationToken ct)
    {
        var question = await gate.RunAsync(null, "BeginPasskey", "self",
            async actor => PortalGate.NotAPerson(actor) is { } error ? error : await desk.BeginAddingAsync(actor, request.Password, request.Code, http, ct), ct);
        return question.Error is { } failed ? failed.ToProblem() : TypedResults.Ok(question.Value);
    }

    /// <summary>Adds the passkey that your device has made.</summary>
    internal static async Task<Results<Created<PasskeyItem>, Problem>> AddAsync(NewPasskey request, PortalGate gate, PasskeyDesk desk, HttpContext http, CancellationToken ct)
    {
        var made = await gate.RunAsync(null, "AddPasskey", "self",
            async actor => PortalGate.NotAPerson(actor) is { } error ? error : await desk.FinishAddingAsync(actor, request.Id, request.Name, request.Credential, http, ct), ct,
            passkey => new("", $"passkey {passkey.Name}"));
        return made.Error is { } failed ? failed.ToProblem() : TypedResults.Created($"/api/v1/me/passkeys/{made.Value.Id}", made.Value);
    }

    /// <summary>Gives one of your passkeys another name.</summary>
    /// <param name="id" example="a1b2c3d4e5f60718293a4b5c6d7e8f90">The passkey's id.</param>
    internal static async Task<Results<Ok<PasskeyItem>, Problem>> RenameAsync(string id, PasskeyName request, PortalGate gate, PasskeyKeys keys, CancellationToken ct)
    {
        var done = await gate.RunAsync(null, "RenamePasskey", Printable.Of(id, 64), async actor => (PortalGate.NotAPerson(actor) ?? PasskeyKeys.CheckName(request.Name)) is { } error
            ? error
            : await keys.RenameAsync(actor.UserId, id, request.Name, ct), ct, passkey => new("", $"passkey {passkey.Name}"));
        return done.Error is { } failed ? failed.ToProblem() : TypedResults.Ok(done.Value);
    }

    /// <summary>Takes one of your passkeys away. Sessions and tokens that it opened end.</summary>
    /// <param name="id" example="a1b2c3d4e5f60718293a4b5c6d7e8f90">The passkey's id.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(string id, PortalGate gate, PasskeyKeys keys, CancellationToken ct)
    {
        var done = await gate.RunAsync(null, "RemovePasskey", Printable.Of(id, 64), async actor => PortalGate.NotAPerson(actor) is { } error
            ? error
            : await keys.RemoveAsync(actor.UserId, id, ct), ct, name => new($"passkey {name}", ""));
        return done.Error is { } failed ? failed.ToProblem() : TypedResults.NoContent();
    }
}
