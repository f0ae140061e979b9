using System.Security.Claims;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;

namespace Portal.Web.Live;

/// <summary>Who the reader of a circuit is, and what they may do now.</summary>
/// <param name="scopes">A circuit lives for hours; each look gets its own scope, as a request would.</param>
public sealed class Session(IServiceScopeFactory scopes)
{
    /// <summary>The actor with the rights in force now; anonymous when the account is gone.</summary>
    public async Task<Actor> ActorAsync(ClaimsPrincipal principal, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IActors>().FindAsync(principal, ct);
    }

    /// <summary>True when both may do exactly the same.</summary>
    public static bool SameRights(Actor one, Actor other) => one.Name == other.Name && one.HasRightsOf(other);
}
