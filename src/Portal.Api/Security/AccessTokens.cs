using System.Security.Claims;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Portal.Api.Security;

/// <summary>Issues and describes access tokens: JWT with HS256, one issuer, one audience, one type, short life (RFC 9068).</summary>
internal sealed class AccessTokens(TokenKey key, IOptions<PortalOptions> options, TimeProvider time)
{
    public const string Issuer = "portal";
    public const string Audience = "portal-api";
    public const string Type = "at+jwt";

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>How long a token lives.</summary>
    public TimeSpan Life => TimeSpan.FromMinutes(options.Value.AccessTokenMinutes);

    /// <summary>A token for a principal that has signed in.</summary>
    public string Issue(ClaimsPrincipal principal)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            TokenType = Type,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Life,
            Subject = new ClaimsIdentity(principal.Claims.Where(claim => claim.Type is PortalClaims.Subject or PortalClaims.Name or PortalClaims.Stamp or PortalClaims.Family or PortalClaims.Passkey)),
            Claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString("N") },
            SigningCredentials = new SigningCredentials(key.Key, SecurityAlgorithms.HmacSha256),
        });
    }

    /// <summary>What a token must be to count.</summary>
    public TokenValidationParameters Rules() => new()
    {
        ValidIssuer = Issuer,
        ValidAudience = Audience,
        ValidTypes = [Type],
        ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        ValidateIssuerSigningKey = true,
        TryAllIssuerSigningKeys = false,
        // Whatever key the header points at or brings along, only this one counts, and only under its own id.
        IssuerSigningKeyResolver = (_, _, keyId, _) => keyId == key.Key.KeyId ? [key.Key] : [],
        ClockSkew = TimeSpan.FromSeconds(5),
        LifetimeValidator = (notBefore, expires, token, _) =>
        {
            var now = time.GetUtcNow().UtcDateTime;
            var skew = TimeSpan.FromSeconds(5);
            return expires > now - skew && notBefore is not null && notBefore <= now + skew && ((JsonWebToken)token).IssuedAt <= now + skew;
        },
        NameClaimType = PortalClaims.Name,
    };
}
