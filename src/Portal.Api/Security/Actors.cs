using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Users;

namespace Portal.Api.Security;

/// <inheritdoc cref="IActors"/>
internal sealed class Actors(
    IDbContextFactory<PortalDb> databases, SessionStore sessions, ApiTokens tokens, Settings settings, IHttpContextAccessor http, TimeProvider time) : IActors
{
    public async Task<Actor> FindAsync(ClaimsPrincipal principal, CancellationToken ct)
    {
        if (principal.Identity?.IsAuthenticated != true || (PrincipalOf.IsSession(principal) && !await sessions.KeepAsync(principal, ct)))
        {
            return Actor.Anonymous;
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        var actor = principal.FindFirstValue(PortalClaims.Token) is { } token ? await OfTokenAsync(db, token, ct) : await OfPersonAsync(db, principal, ct);
        return actor is null ? Actor.Anonymous : actor with { Source = http.HttpContext?.Connection.RemoteIpAddress?.ToString() ?? "" };
    }

    /// <summary>The actor that a user would be, whoever asks; null when there is none or it is disabled.</summary>
    public async Task<Actor?> OfUserAsync(string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.Id == id && !u.IsDisabled, ct);
        return user is null ? null : await OfAsync(db, user, ct);
    }

    private async Task<Actor?> OfPersonAsync(PortalDb db, ClaimsPrincipal principal, CancellationToken ct)
    {
        if (PrincipalOf.UserId(principal) is not { } id)
        {
            return null;
        }

        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.Id == id && !u.IsDisabled, ct);
        if (user is null || !PrincipalOf.IsCurrent(principal, user.SecurityStamp))
        {
            return null;
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        if (principal.FindFirstValue(PortalClaims.Family) is { } family && !await db.TokenFamilies.AnyAsync(f => f.Id == family && f.ExpiresUnix > now, ct))
        {
            return null;
        }

        if (principal.FindFirstValue(PortalClaims.Passkey) is { } passkey && !await db.Passkeys.AnyAsync(p => p.Id == passkey && p.UserId == id, ct))
        {
            return null;
        }

        var actor = await OfAsync(db, user, ct);
        return !user.TwoFactorEnabled && !principal.HasClaim(claim => claim.Type is PortalClaims.External or PortalClaims.Passkey) && actor.Grants.Any(AccessModel.IsAdministration) && await settings.AdministratorsNeedSecondFactorAsync(ct)
            // Signed in, so that a second factor can be set up, and no more than that.
            ? actor with { Grants = [] }
            : actor;
    }

    private async Task<Actor?> OfTokenAsync(PortalDb db, string id, CancellationToken ct)
    {
        if (await tokens.FindAsync(id, ct) is not { } token)
        {
            return null;
        }

        var roles = await RolesAsync(db, token.Limits?.Select(limit => limit.Role) ?? [], ct);
        var limits = Domain.Access.Tokens.TokenRules.Limits(token.Limits, token.Owner, roles);
        if (token.Owner.Kind == SubjectKind.Team)
        {
            var team = await db.Teams.AsNoTracking().SingleOrDefaultAsync(t => t.Id == token.Owner.Id, ct);
            return team is null
                ? null
                : new Actor("", $"team {team.Name}", await GrantsAsync(db, "", [team.Id], ct)) { Teams = [team.Id], TokenId = token.Id, Limits = limits };
        }

        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.Id == token.Owner.Id && !u.IsDisabled, ct);
        return user is null ? null : await OfAsync(db, user, ct) with { TokenId = token.Id, Limits = limits };
    }

    private static async Task<Actor> OfAsync(PortalDb db, PortalUser user, CancellationToken ct)
    {
        var teams = await db.Memberships.Where(membership => membership.UserId == user.Id).OrderBy(membership => membership.TeamId).Select(membership => membership.TeamId).ToListAsync(ct);
        return new(user.Id, user.UserName!, await GrantsAsync(db, user.Id, teams, ct)) { Teams = teams };
    }

    private static async Task<IReadOnlyList<Grant>> GrantsAsync(PortalDb db, string user, IReadOnlyCollection<string> teams, CancellationToken ct)
    {
        var grants = await db.Grants.AsNoTracking()
            .Where(grant => (grant.SubjectKind == "user" && grant.SubjectId == user) || (grant.SubjectKind == "team" && teams.Contains(grant.SubjectId)))
            .OrderBy(grant => grant.Id).ToListAsync(ct);
        var roles = await RolesAsync(db, grants.Select(grant => grant.Role), ct);
        return [.. grants.Select(grant => AccessStore.ToGrant(grant, roles)).OfType<Grant>()];
    }

    /// <summary>The roles of these names. Most are built in, and then there is nothing to look up.</summary>
    private static async Task<Func<string, Role?>> RolesAsync(PortalDb db, IEnumerable<string> names, CancellationToken ct)
    {
        if (names.All(name => BuiltInRoles.Find(name) is not null))
        {
            return BuiltInRoles.Find;
        }

        var own = (await db.OwnRoles.AsNoTracking().ToListAsync(ct)).ToDictionary(role => role.Name, RoleText.Read);
        return name => BuiltInRoles.Find(name) ?? own.GetValueOrDefault(name);
    }
}

/// <summary>Who a request's credentials turned out to be: whoever asks next need not look it up again.</summary>
internal sealed record SignedIn(Actor Actor)
{
    /// <summary>True when the principal is somebody still; remembered for the request.</summary>
    public static async Task<bool> AcceptAsync(HttpContext context, IActors actors, ClaimsPrincipal principal)
    {
        var actor = await actors.FindAsync(principal, context.RequestAborted);
        if (actor == Actor.Anonymous)
        {
            return false;
        }

        context.Features.Set(new SignedIn(actor));
        return true;
    }
}

/// <summary>Who makes the present request.</summary>
internal sealed class CurrentActor(IHttpContextAccessor http, IActors actors)
{
    private Actor? _actor;

    /// <summary>The actor with the grants in force; looked up once per request, while its caller is signed in.</summary>
    public async ValueTask<Actor> GetAsync(CancellationToken ct) => _actor ??= http.HttpContext is { } context
        ? context.Features.Get<SignedIn>()?.Actor ?? await actors.FindAsync(context.User, ct)
        : Actor.Anonymous;
}
