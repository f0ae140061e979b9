using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>
/// Refresh tokens: each is good once and is followed by the next of its family. One that is shown again has been copied, and nobody can tell which of
/// the two is the thief: the family ends, with every access token of it.
/// </summary>
internal sealed class RefreshTokens(IDbContextFactory<PortalDb> databases, IAuditLog audit, TimeProvider time, ILogger<RefreshTokens> log)
{
    /// <summary>How long a token may lie unused.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromHours(24);

    private static readonly TimeSpan s_absolute = TimeSpan.FromDays(30);
    private static readonly Error s_refused = new(ErrorKind.Unauthorized, "refresh.refused", "The refresh token is not valid, or not any more. Sign in again.");
    private readonly SourceLimit _sources = new(time);

    /// <summary>Begins a family for somebody who has just signed in: its principal, and the first refresh token.</summary>
    public async Task<(ClaimsPrincipal Principal, string Token)> BeginAsync(ClaimsPrincipal user, string source, string client, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var family = new TokenFamilyRecord
        {
            Id = Secrets.NewId(),
            UserId = PrincipalOf.UserId(user) ?? throw new InvalidOperationException("A token needs a signed-in user."),
            StartedUnix = now.ToUnixTimeSeconds(),
            LastUsedUnix = now.ToUnixTimeSeconds(),
            ExpiresUnix = (now + s_absolute).ToUnixTimeSeconds(),
            Source = source,
            Client = client,
            PasskeyId = user.FindFirstValue(PortalClaims.Passkey),
        };
        await using var db = await databases.CreateDbContextAsync(ct);
        var over = now.ToUnixTimeSeconds();
        await db.TokenFamilies.Where(old => old.ExpiresUnix < over).ExecuteDeleteAsync(ct);
        db.TokenFamilies.Add(family);
        var secret = Add(db, family.Id, now);
        await db.SaveChangesAsync(ct);
        return (Principal(user.Claims, family.Id), secret);
    }

    /// <summary>Exchanges a token for the next.</summary>
    public async Task<Result<(ClaimsPrincipal Principal, string Token)>> ExchangeAsync(string token, string source, CancellationToken ct)
    {
        if (_sources.Enter(source) is var full && full > TimeSpan.Zero)
        {
            return Throttling.Refusal("refresh.throttled", full);
        }

        var (hash, now) = (Secrets.Digest(token), time.GetUtcNow());
        var unix = now.ToUnixTimeSeconds();
        await using var db = await databases.CreateDbContextAsync(ct);
        var found = await (from refresh in db.RefreshTokens
                           join family in db.TokenFamilies on refresh.FamilyId equals family.Id
                           join user in db.Users on family.UserId equals user.Id
                           where refresh.Hash == hash
                           select new { family.Id, FamilyEnds = family.ExpiresUnix, family.PasskeyId, refresh.ExpiresUnix, User = user }).AsNoTracking().SingleOrDefaultAsync(ct);
        if (found is null)
        {
            return s_refused;
        }

        await using var all = await db.Database.BeginTransactionAsync(ct);
        if (await db.RefreshTokens.Where(refresh => refresh.Hash == hash && refresh.UsedUnix == null).ExecuteUpdateAsync(set => set.SetProperty(refresh => refresh.UsedUnix, unix), ct) == 0)
        {
            await db.TokenFamilies.Where(family => family.Id == found.Id).ExecuteDeleteAsync(ct);
            await all.CommitAsync(ct);
            log.RefreshReused(source);
            var actor = new Actor(found.User.Id, found.User.UserName!, []) { Source = source };
            await audit.RecordAsync(actor, "RefreshToken", found.Id, new(ErrorKind.Unauthorized, "refresh.reused", "A refresh token was shown a second time; all tokens of that sign-in are void."), ct);
            return s_refused;
        }

        if (found.User.IsDisabled || found.ExpiresUnix <= unix || found.FamilyEnds <= unix || (found.PasskeyId is { } passkey && !await db.Passkeys.AnyAsync(p => p.Id == passkey, ct)))
        {
            return s_refused;
        }

        var next = Add(db, found.Id, now);
        await db.SaveChangesAsync(ct);
        await db.TokenFamilies.Where(family => family.Id == found.Id).ExecuteUpdateAsync(set => set.SetProperty(family => family.LastUsedUnix, unix), ct);
        await all.CommitAsync(ct);
        return (Principal(PrincipalOf.User(found.User, found.PasskeyId, PortalSchemes.Bearer).Claims, found.Id), next);
    }

    private static string Add(PortalDb db, string family, DateTimeOffset now)
    {
        var secret = Secrets.New();
        db.RefreshTokens.Add(new() { Hash = Secrets.Digest(secret), FamilyId = family, ExpiresUnix = (now + Idle).ToUnixTimeSeconds() });
        return secret;
    }

    private static ClaimsPrincipal Principal(IEnumerable<Claim> claims, string family) =>
        new(new ClaimsIdentity(claims.Append(new(PortalClaims.Family, family)), PortalSchemes.Bearer, PortalClaims.Name, roleType: null));
}
