using System.Data.Common;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Tokens;

namespace Portal.Api.Security;

/// <summary>API tokens: <c>prt_</c> and 256 random bits. Stored as their digest; shown once.</summary>
internal sealed class ApiTokens(IDbContextFactory<PortalDb> databases, TimeProvider time, ILogger<ApiTokens> log)
{
    /// <summary>What every token begins with, so that scanners of repositories know one.</summary>
    public const string Mark = "prt_";

    private const int ShownCharacters = 8;
    private static readonly TimeSpan s_useStep = TimeSpan.FromMinutes(1);

    /// <summary>Makes a token; it and its secret.</summary>
    public async Task<(ApiToken Token, string Secret)> IssueAsync(string id, string name, Subject owner, IReadOnlyList<TokenLimit>? limits, DateTimeOffset expires, CancellationToken ct)
    {
        var secret = Mark + Secrets.New();
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = new ApiTokenRecord
        {
            Id = id,
            Name = name,
            Prefix = secret[..(Mark.Length + ShownCharacters)],
            SecretHash = Secrets.Digest(secret),
            OwnerKind = SubjectText.Of(owner.Kind),
            OwnerId = owner.Id,
            Limits = limits is null ? null : JsonSerializer.Serialize(limits),
            CreatedUnix = time.GetUtcNow().ToUnixTimeSeconds(),
            ExpiresUnix = expires.ToUnixTimeSeconds(),
        };
        db.ApiTokens.Add(record);
        await db.SaveChangesAsync(ct);
        return (View(record), secret);
    }

    /// <summary>The token with that secret, and that it was used; null when there is none that is still good.</summary>
    public async Task<ApiToken?> UseAsync(string secret, CancellationToken ct)
    {
        var (hash, now) = (Secrets.Digest(secret), time.GetUtcNow().ToUnixTimeSeconds());
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = await db.ApiTokens.AsNoTracking().SingleOrDefaultAsync(token => token.SecretHash == hash && token.ExpiresUnix > now, ct);
        if (record is null)
        {
            return null;
        }

        var step = now - (long)s_useStep.TotalSeconds;
        if (record.LastUsedUnix is null || record.LastUsedUnix <= step)
        {
            try
            {
                await db.ApiTokens.Where(token => token.Id == record.Id && (token.LastUsedUnix == null || token.LastUsedUnix <= step))
                    .ExecuteUpdateAsync(set => set.SetProperty(token => token.LastUsedUnix, now), ct);
            }
            catch (DbException ex)
            {
                // A full disk must not lock programs out.
                log.TokenUseNotWritten(ex);
            }
        }

        return View(record);
    }

    /// <summary>The token of that id while it is good; null otherwise.</summary>
    public async Task<ApiToken?> FindAsync(string id, CancellationToken ct)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = await db.ApiTokens.AsNoTracking().SingleOrDefaultAsync(token => token.Id == id && token.ExpiresUnix > now, ct);
        return record is null ? null : View(record);
    }

    /// <summary>All tokens of an owner, expired ones too, the newest first.</summary>
    public async Task<IReadOnlyList<ApiToken>> ListAsync(Subject owner, CancellationToken ct)
    {
        var kind = SubjectText.Of(owner.Kind);
        await using var db = await databases.CreateDbContextAsync(ct);
        var records = await db.ApiTokens.AsNoTracking().Where(token => token.OwnerKind == kind && token.OwnerId == owner.Id)
            .OrderByDescending(token => token.CreatedUnix).ThenBy(token => token.Id).ToListAsync(ct);
        return [.. records.Select(View)];
    }

    /// <summary>Ends a token of that owner; false when there is none.</summary>
    public async Task<bool> RevokeAsync(Subject owner, string id, CancellationToken ct)
    {
        var kind = SubjectText.Of(owner.Kind);
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.ApiTokens.Where(token => token.Id == id && token.OwnerKind == kind && token.OwnerId == owner.Id).ExecuteDeleteAsync(ct) > 0;
    }

    private static ApiToken View(ApiTokenRecord record) => new(
        record.Id, record.Name, record.Prefix, SubjectText.Read(record.OwnerKind, record.OwnerId),
        record.Limits is null ? null : JsonSerializer.Deserialize<TokenLimit[]>(record.Limits) ?? [],
        DateTimeOffset.FromUnixTimeSeconds(record.CreatedUnix), DateTimeOffset.FromUnixTimeSeconds(record.ExpiresUnix),
        record.LastUsedUnix is { } used ? DateTimeOffset.FromUnixTimeSeconds(used) : null);
}
