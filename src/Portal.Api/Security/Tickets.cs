using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace Portal.Api.Security;

/// <summary>
/// Tickets for live connections: browsers cannot send headers with a WebSocket, and a token in the address would stay in logs. A ticket is good once,
/// for 30 seconds, and speaks for whoever asked for it. In memory: none outlives the portal.
/// </summary>
internal sealed class Tickets(TimeProvider time)
{
    /// <summary>How long a ticket is good.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(30);

    private const string Parameter = "ticket";
    private const int Most = 10_000, MostOfOne = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>True for a live connection that comes with a ticket.</summary>
    public static bool IsIn(HttpRequest request) => request.Path.StartsWithSegments("/hubs") && request.Query.ContainsKey(Parameter);

    /// <summary>The ticket in the request's address.</summary>
    public static string Of(HttpRequest request) => request.Query[Parameter].ToString();

    /// <summary>A ticket for the principal, or null when there are too many about.</summary>
    /// <param name="principal">Whom it speaks for.</param>
    /// <param name="ends">When the sign-in behind it ends; null for not by itself.</param>
    public string? Issue(ClaimsPrincipal principal, DateTimeOffset? ends)
    {
        var (ticket, now) = (Secrets.New(), time.GetUtcNow());
        lock (_gate)
        {
            foreach (var (old, entry) in _entries)
            {
                if (entry.Until <= now)
                {
                    _entries.Remove(old);
                }
            }

            var who = Who(principal);
            if (_entries.Count >= Most || _entries.Values.Count(entry => Who(entry.Principal) == who) >= MostOfOne)
            {
                return null;
            }

            _entries[Secrets.Digest(ticket)] = new(principal, ends, now + Life);
            return ticket;
        }
    }

    /// <summary>Whom the ticket speaks for; null when it is none, not any more, or was used.</summary>
    public AuthenticationTicket? Redeem(string ticket)
    {
        lock (_gate)
        {
            return _entries.Remove(Secrets.Digest(ticket), out var entry) && entry.Until > time.GetUtcNow()
                ? new(entry.Principal, new() { ExpiresUtc = entry.Ends }, PortalSchemes.Ticket)
                : null;
        }
    }

    private static string? Who(ClaimsPrincipal principal) => principal.FindFirstValue(PortalClaims.Token) ?? principal.FindFirstValue(PortalClaims.Subject);

    private sealed record Entry(ClaimsPrincipal Principal, DateTimeOffset? Ends, DateTimeOffset Until);
}
