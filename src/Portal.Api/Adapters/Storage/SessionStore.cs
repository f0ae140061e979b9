using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Security;

namespace Portal.Api.Adapters.Storage;

/// <summary>Keeps sessions on the server: the cookie holds only a random key, and a session that is signed out is gone for good.</summary>
internal sealed class SessionStore(IDbContextFactory<PortalDb> databases, TimeProvider time) : ITicketStore
{
    public async Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        var key = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await using var db = await databases.CreateDbContextAsync();
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        await db.Sessions.Where(session => session.ExpiresUnix < now).ExecuteDeleteAsync();
        db.Sessions.Add(new SessionRecord
        {
            KeyHash = HashOf(key),
            UserId = ticket.Principal.FindFirstValue(PortalClaims.Subject) ?? throw new InvalidOperationException("A session needs a signed-in user."),
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
        var content = await db.Sessions.Where(session => session.KeyHash == hash && session.ExpiresUnix >= now)
            .Select(session => session.Ticket).FirstOrDefaultAsync();
        return content is null ? null : TicketSerializer.Default.Deserialize(content);
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
