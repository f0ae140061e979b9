using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Security;

/// <summary>What a principal says of its user, and back.</summary>
internal static class PrincipalOf
{
    /// <summary>The principal of a user who has just proved to be it.</summary>
    public static ClaimsPrincipal User(PortalUser user, string authenticationType) => new(new ClaimsIdentity(
        [new(PortalClaims.Subject, user.Id), new(PortalClaims.Name, user.UserName!), new(PortalClaims.Stamp, Stamp(user.SecurityStamp))],
        authenticationType, PortalClaims.Name, roleType: null));

    /// <summary>The principal of a user who has signed in by that passkey; of any other sign-in without one.</summary>
    public static ClaimsPrincipal User(PortalUser user, string? passkey, string authenticationType)
    {
        var principal = User(user, authenticationType);
        if (passkey is not null)
        {
            ((ClaimsIdentity)principal.Identity!).AddClaim(new(PortalClaims.Passkey, passkey));
        }

        return principal;
    }

    /// <summary>The principal of an API token.</summary>
    public static ClaimsPrincipal Token(Domain.Access.Tokens.ApiToken token) => new(new ClaimsIdentity(
        [new(PortalClaims.Token, token.Id), new(PortalClaims.Name, token.Name)], PortalSchemes.ApiToken, PortalClaims.Name, roleType: null));

    /// <summary>
    /// The same for work that outlasts a sign-in: of a person who has signed out nothing was taken. A token that is revoked, an account that is disabled and a
    /// password that is changed count as before.
    /// </summary>
    public static ClaimsPrincipal Lasting(ClaimsPrincipal principal) => new(principal.Identities.Select(identity => new ClaimsIdentity(
        identity.Claims.Where(claim => claim.Type is not (PortalClaims.Session or PortalClaims.Family)), identity.AuthenticationType, PortalClaims.Name, roleType: null)));

    /// <summary>The user's id, or null when nobody is signed in.</summary>
    public static string? UserId(ClaimsPrincipal principal) =>
        principal.Identity?.IsAuthenticated == true ? principal.FindFirstValue(PortalClaims.Subject) : null;

    /// <summary>True for a principal of a browser's session.</summary>
    public static bool IsSession(ClaimsPrincipal principal) => principal.HasClaim(claim => claim.Type == PortalClaims.Session);

    /// <summary>True when the principal was made since the account's password or state last changed.</summary>
    public static bool IsCurrent(ClaimsPrincipal principal, string? securityStamp) =>
        principal.FindFirstValue(PortalClaims.Stamp) is { } stamp && stamp == Stamp(securityStamp);

    private static string Stamp(string? securityStamp) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(securityStamp ?? "")).AsSpan(0, 16));
}
