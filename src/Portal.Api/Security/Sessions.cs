using Microsoft.EntityFrameworkCore;
using Portal.Api.Access;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>Sign-ins that last, of browsers and of programs: lists them and ends them. What was ended is refused at the next look, within seconds.</summary>
internal sealed class Sessions(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    /// <summary>All of a user, the newest first.</summary>
    /// <param name="user">The user's id.</param>
    /// <param name="current">Id of the one that asks; empty for none.</param>
    /// <param name="ct">Cancels the call.</param>
    public async Task<IReadOnlyList<SessionItem>> ListAsync(string user, string current, CancellationToken ct)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        await using var db = await databases.CreateDbContextAsync(ct);
        var browsers = await db.Sessions.AsNoTracking().Where(session => session.UserId == user && session.ExpiresUnix >= now)
            .Select(session => new { Id = session.KeyHash, session.StartedUnix, session.ExpiresUnix, session.Source, session.Client }).ToListAsync(ct);
        var programs = await db.TokenFamilies.AsNoTracking().Where(family => family.UserId == user && family.ExpiresUnix > now)
            .Select(family => new { family.Id, family.StartedUnix, family.ExpiresUnix, family.Source, family.Client }).ToListAsync(ct);
        return
        [
            .. browsers.Select(session => (Kind: "browser", Row: session)).Concat(programs.Select(family => (Kind: "program", Row: family)))
                .OrderByDescending(item => item.Row.StartedUnix)
                .Select(item => new SessionItem(
                    item.Row.Id, item.Kind, DateTimeOffset.FromUnixTimeSeconds(item.Row.StartedUnix), DateTimeOffset.FromUnixTimeSeconds(item.Row.ExpiresUnix),
                    item.Row.Source, item.Row.Client, item.Row.Id == current)),
        ];
    }

    /// <summary>Ends one of a user.</summary>
    public async Task<Result<bool>> RevokeAsync(string user, string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Sessions.Where(session => session.UserId == user && session.KeyHash == id).ExecuteDeleteAsync(ct)
            + await db.TokenFamilies.Where(family => family.UserId == user && family.Id == id).ExecuteDeleteAsync(ct) > 0
            ? true
            : AccessModel.Unknown("session", id);
    }
}
