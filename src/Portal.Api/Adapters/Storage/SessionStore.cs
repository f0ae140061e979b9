using System.Data.Common;
using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Security;

namespace Portal.Api.Adapters.Storage;

/// <summary>
/// Keeps sessions on the server: the cookie holds only a random key, and a session that is signed out is gone for good. The row
/// says when a session goes idle, not the ticket: an open page keeps its session alive without a request of its own.
/// </summary>
internal sealed class SessionStore(IDbContextFactory<PortalDb> databases, IHttpContextAccessor http, TimeProvider time, ILogger<SessionStore> log) : ITicketStore
{
    /// <summary>How much idle time must have passed before it is worth a write.</summary>
    private static readonly TimeSpan s_step = TimeSpan.FromMinutes(2);

    public async Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        var key = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await using var db = await databases.CreateDbContextAsync();
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        await db.Sessions.Where(session => session.ExpiresUnix < now).ExecuteDeleteAsync();
        var hash = HashOf(key);
        ((ClaimsIdentity)ticket.Principal.Identity!).AddClaims(
            [new(PortalClaims.Session, hash), new(PortalClaims.Began, now.ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64)]);
        db.Sessions.Add(new SessionRecord
        {
            KeyHash = hash,
            UserId = ticket.Principal.FindFirstValue(PortalClaims.Subject) ?? throw new InvalidOperationException("A session needs a signed-in user."),
            StartedUnix = now,
            Source = http.HttpContext?.Connection.RemoteIpAddress?.ToString() ?? "",
            Client = Http.Printable.Of(http.HttpContext?.Request.Headers.UserAgent.ToString() ?? "", 256),
            ExpiresUnix = ExpiryOf(ticket),
            Ticket = TicketSerializer.Default.Serialize(ticket),
        });
        await db.SaveChangesAsync();
        return key;
    }

    public async Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        await using var db = await databases.CreateDbContextAsync();
        var (hash, expires, content) = (HashOf(key), ExpiryOf(ticket), TicketSerializer.Default.Serialize(ticket));
        await db.Sessions.Where(session => session.KeyHash == hash).ExecuteUpdateAsync(set => set
            .SetProperty(session => session.ExpiresUnix, expires).SetProperty(session => session.Ticket, content));
    }

    public async Task<AuthenticationTicket?> RetrieveAsync(string key)
    {
        await using var db = await databases.CreateDbContextAsync();
        var (hash, now) = (HashOf(key), time.GetUtcNow().ToUnixTimeSeconds());
        var row = await db.Sessions.Where(session => session.KeyHash == hash && session.ExpiresUnix >= now)
            .Select(session => new { session.Ticket, session.ExpiresUnix }).FirstOrDefaultAsync();
        if (row is null || TicketSerializer.Default.Deserialize(row.Ticket) is not { } ticket)
        {
            return null;
        }

        var expires = DateTimeOffset.FromUnixTimeSeconds(row.ExpiresUnix);
        (ticket.Properties.IssuedUtc, ticket.Properties.ExpiresUtc) = (expires - CookieSession.Idle, expires);
        return ticket;
    }

    /// <summary>
    /// True while the principal's session is open: neither signed out, nor idle for too long, nor past its absolute end. Asking is
    /// activity: requests ask once, an open page every few seconds.
    /// </summary>
    public async Task<bool> KeepAsync(ClaimsPrincipal principal, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (principal.FindFirstValue(PortalClaims.Session) is not { } hash
            || !long.TryParse(principal.FindFirstValue(PortalClaims.Began), NumberStyles.None, CultureInfo.InvariantCulture, out var began)
            || now >= DateTimeOffset.FromUnixTimeSeconds(began) + CookieSession.Absolute)
        {
            return false;
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        var expires = await db.Sessions.Where(session => session.KeyHash == hash).Select(session => (long?)session.ExpiresUnix).FirstOrDefaultAsync(ct);
        if (expires is null || expires < now.ToUnixTimeSeconds())
        {
            return false;
        }

        var later = (now + CookieSession.Idle).ToUnixTimeSeconds();
        if (later - expires >= (long)s_step.TotalSeconds)
        {
            try
            {
                await db.Sessions.Where(session => session.KeyHash == hash && session.ExpiresUnix < later)
                    .ExecuteUpdateAsync(set => set.SetProperty(session => session.ExpiresUnix, later), ct);
            }
            catch (DbException ex)
            {
                // A full disk must not end sessions that are still good; the next look tries again.
                log.SessionNotExtended(ex);
            }
        }

        return true;
    }

    public async Task RemoveAsync(string key)
    {
        await using var db = await databases.CreateDbContextAsync();
        var hash = HashOf(key);
        await db.Sessions.Where(session => session.KeyHash == hash).ExecuteDeleteAsync();
    }

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private long ExpiryOf(AuthenticationTicket ticket) => (ticket.Properties.ExpiresUtc ?? time.GetUtcNow() + CookieSession.Idle).ToUnixTimeSeconds();
}
