using System.Buffers.Text;
using System.Globalization;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Access;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Security.Passkeys;

/// <summary>Makes passkeys and signs people in by them (WebAuthn, by Identity's handler).</summary>
internal sealed class PasskeyDesk(
    IPasskeyHandler<PortalUser> handler, PasskeyCeremonies ceremonies, PasskeyKeys keys, PasskeyAddress address, ISignIn signIn, SignInAttempts attempts,
    IDbContextFactory<PortalDb> databases, IAuditLog audit, TimeProvider time, ILogger<PasskeyDesk> log)
{
    /// <summary>How old a sign-in may be that stands for the password.</summary>
    private static readonly TimeSpan s_recent = TimeSpan.FromMinutes(10);

    /// <summary>What was sent is no new passkey.</summary>
    public static readonly Error Unusable = new(ErrorKind.Invalid, "passkey.refused", "This passkey cannot be used: it answers another question, belongs to another address, did not ask who you are, or is known already. Begin again.");

    private static readonly Error s_refused = new(ErrorKind.Unauthorized, "signin.passkey", "This passkey does not open anything here. Begin again, or sign in with your password.");
    private static readonly Error s_nameless = new(ErrorKind.Conflict, "passkey.address", "Passkeys belong to a name, and this is an address of numbers. Open the portal by its name, or ask an administrator to set PORTAL_PUBLIC_ADDRESS.");

    /// <summary>What a device is to be asked for a new passkey.</summary>
    public async Task<Result<PasskeyQuestion>> BeginAddingAsync(Actor actor, string? password, string? code, HttpContext http, CancellationToken ct)
    {
        if (!address.HasName(http.Request))
        {
            return s_nameless;
        }

        if ((await ProveAsync(actor, password, code, http, ct) ?? await keys.CheckRoomAsync(actor.UserId, ct)) is { } against)
        {
            return against;
        }

        var options = await handler.MakeCreationOptionsAsync(new() { Id = actor.UserId, Name = actor.Name, DisplayName = actor.Name }, http);
        return Question(ceremonies.Begin(options.AttestationState!, actor.UserId), options.CreationOptionsJson);
    }

    /// <summary>Adds the passkey that the device has made.</summary>
    public async Task<Result<PasskeyItem>> FinishAddingAsync(Actor actor, string id, string name, JsonElement credential, HttpContext http, CancellationToken ct)
    {
        if ((PasskeyKeys.CheckName(name) ?? await keys.CheckRoomAsync(actor.UserId, ct)) is { } against)
        {
            return against;
        }

        if (ceremonies.Redeem(id, actor.UserId) is not { } state || credential.ValueKind != JsonValueKind.Object)
        {
            return Unusable;
        }

        var made = await handler.PerformAttestationAsync(new() { HttpContext = http, CredentialJson = credential.GetRawText(), AttestationState = state });
        return made.Succeeded ? await keys.AddAsync(actor.UserId, name, made.Passkey, ct) : Unusable;
    }

    /// <summary>What a device is to be asked for a sign-in. Says nothing of who there is.</summary>
    public async Task<Result<PasskeyQuestion>> BeginSignInAsync(HttpContext http)
    {
        if (!address.HasName(http.Request))
        {
            return s_nameless;
        }

        if (attempts.Enter(http.Source()) is var full && full > TimeSpan.Zero)
        {
            return Throttling.Refusal("signin.throttled", full);
        }

        var options = await handler.MakeRequestOptionsAsync(null, http);
        return Question(ceremonies.Begin(options.AssertionState!, null), options.RequestOptionsJson);
    }

    /// <summary>The principal of whoever's device has answered: two factors in one.</summary>
    public async Task<Result<ClaimsPrincipal>> FinishSignInAsync(string id, JsonElement credential, HttpContext http, CancellationToken ct)
    {
        var (source, user) = (http.Source(), await ClaimedAsync(credential, ct));
        var result = await TryAsync(id, credential, user, source, http, ct);
        if (result.Error is { } error)
        {
            log.SignInFailed(source, error.Code);
        }

        await audit.RecordAsync(new Actor(result.IsSuccess ? user!.Id : "", user?.UserName ?? "", []) { Source = source }, "PasskeySignIn", source, result.Error, ct);
        return result;
    }

    private async Task<Result<ClaimsPrincipal>> TryAsync(string id, JsonElement credential, PortalUser? user, string source, HttpContext http, CancellationToken ct)
    {
        // Whatever comes of it: a challenge is answered once.
        var state = ceremonies.Redeem(id, null);
        if (attempts.Enter(source) is var full && full > TimeSpan.Zero)
        {
            return Throttling.Refusal("signin.throttled", full);
        }

        var name = user?.NormalizedUserName ?? "";
        if (attempts.WaitOf(name, source) is var wait && wait > TimeSpan.Zero)
        {
            return Throttling.Refusal("signin.throttled", wait);
        }

        if (state is not null && user is { IsDisabled: false, PasswordHash: not null })
        {
            var answer = await handler.PerformAssertionAsync(new() { HttpContext = http, CredentialJson = credential.GetRawText(), AssertionState = state });
            if (answer.Succeeded && answer.User.Id == user.Id && await keys.UseAsync(user.Id, answer.Passkey, ct) is { } passkey)
            {
                attempts.Succeeded(name, source);
                return PrincipalOf.User(user, passkey, PortalSchemes.Cookie);
            }
        }

        attempts.Failed(name, source);
        return s_refused;
    }

    /// <summary>The account that the device says it is; proves nothing.</summary>
    private async Task<PortalUser?> ClaimedAsync(JsonElement credential, CancellationToken ct)
    {
        if (credential.ValueKind != JsonValueKind.Object || !credential.TryGetProperty("response", out var response) || response.ValueKind != JsonValueKind.Object
            || !response.TryGetProperty("userHandle", out var handle) || handle.ValueKind != JsonValueKind.String || handle.GetString() is not { Length: <= 128 } text || !Base64Url.IsValid(text))
        {
            return null;
        }

        var id = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == id, ct);
    }

    /// <summary>A passkey is a way in that stays: whoever finds a session open must not leave one behind.</summary>
    private async Task<Error?> ProveAsync(Actor actor, string? password, string? code, HttpContext http, CancellationToken ct) => !string.IsNullOrEmpty(password)
        ? (await signIn.PasswordAsync(actor.Name, password, code, http.Source(), ct)).Error
        : await IsRecentAsync(http.User, ct) ? null : new(ErrorKind.Forbidden, "passkey.proof", "You signed in more than ten minutes ago. Send your password with this, or sign in again.");

    private async Task<bool> IsRecentAsync(ClaimsPrincipal user, CancellationToken ct)
    {
        long? began = long.TryParse(user.FindFirstValue(PortalClaims.Began), NumberStyles.None, CultureInfo.InvariantCulture, out var session) ? session : null;
        if (user.FindFirstValue(PortalClaims.Family) is { } family)
        {
            await using var db = await databases.CreateDbContextAsync(ct);
            began = await db.TokenFamilies.Where(f => f.Id == family).Select(f => (long?)f.StartedUnix).SingleOrDefaultAsync(ct);
        }

        return began is { } at && time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(at) < s_recent;
    }

    private static PasskeyQuestion Question(string id, string options) => new(id, JsonSerializer.Deserialize<JsonElement>(options), (int)PasskeyCeremonies.Life.TotalSeconds);
}
