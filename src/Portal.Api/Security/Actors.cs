using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <inheritdoc cref="IActors"/>
internal sealed class Actors(IDbContextFactory<PortalDb> databases, SessionStore sessions) : IActors
{
    public async Task<Actor> FindAsync(ClaimsPrincipal principal, CancellationToken ct)
    {
        if (PrincipalOf.UserId(principal) is not { } id)
        {
            return Actor.Anonymous;
        }

        if (PrincipalOf.IsSession(principal) && !await sessions.KeepAsync(principal, ct))
        {
            return Actor.Anonymous;
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        var user = await db.Users.AsNoTracking().Where(u => u.Id == id).Select(u => new { u.UserName, u.SecurityStamp }).SingleOrDefaultAsync(ct);
        if (user is null || !PrincipalOf.IsCurrent(principal, user.SecurityStamp))
        {
            return Actor.Anonymous;
        }

        var grants = await db.Grants.AsNoTracking().Where(grant => grant.UserId == id).ToListAsync(ct);
        return new Actor(id, user.UserName!, [.. grants.Select(ToGrant).OfType<Grant>()]);
    }

    /// <summary>Null for a role or host this version does not know: it then grants nothing.</summary>
    private static Grant? ToGrant(GrantRecord record) => BuiltInRoles.Find(record.Role) switch
    {
        null => null,
        { } role when record.Host is null => new(role, Scope.All),
        { } role => HostId.TryParse(record.Host, null, out var host) ? new(role, new Scope.OfHost(host)) : null,
    };
}

/// <summary>Who makes the present request.</summary>
internal sealed class CurrentActor(IHttpContextAccessor http, IActors actors)
{
    private Actor? _actor;

    /// <summary>The actor with the grants in force; looked up once per request.</summary>
    public async ValueTask<Actor> GetAsync(CancellationToken ct) => _actor ??= http.HttpContext is { } context
        ? await actors.FindAsync(context.User, ct)
        : Actor.Anonymous;
}
