using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Portal.Api.Security;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Security;

public class AccessTokenTests(PortalHost portal) : IClassFixture<PortalHost>
{
    [Fact]
    public async Task Token_OfSignIn_IsAccepted()
    {
        await portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(await portal.TokenAsync("ann"))).Status);
    }

    public static TheoryData<string> Forgeries =>
    [
        "none", "None", "nonE", "other key", "own key under our id", "unknown id", "id with a path", "no id", "HS512", "RS256 with our secret",
        "issuer", "audience", "type JWT", "no type", "expired", "not yet valid", "issued in the future", "no expiry", "no stamp", "other stamp", "unknown user",
        "truncated", "two parts", "garbage", "empty", "changed payload",
    ];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Token_Forged_IsRefusedLikeEveryOther(string forgery)
    {
        await portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        var token = Forge(forgery, await portal.TokenAsync("ann"));
        var (status, body) = await AskAsync(token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal((await AskAsync("x.y.z")).Body, body);
    }

    [Fact]
    public async Task Token_InTheQueryString_IsIgnored()
    {
        await portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var client = portal.Client();
        using var answer = await client.GetAsync($"/api/v1/me?access_token={await portal.TokenAsync("ann")}");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private string Forge(string forgery, string real)
    {
        var key = portal.Services.GetRequiredService<TokenKey>().Key;
        var claims = new JsonWebTokenHandler().ReadJsonWebToken(real);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = new Dictionary<string, object?> { ["alg"] = "HS256", ["typ"] = "at+jwt", ["kid"] = key.KeyId };
        var payload = new Dictionary<string, object?>
        {
            ["iss"] = "portal", ["aud"] = "portal-api", ["sub"] = claims.Subject, ["name"] = "ann", ["stamp"] = claims.GetClaim("stamp").Value,
            ["iat"] = now, ["nbf"] = now, ["exp"] = now + 60,
        };
        var secret = key.Key;
        switch (forgery)
        {
            case "none" or "None" or "nonE": header["alg"] = forgery; secret = null; break;
            case "other key": secret = RandomNumberGenerator.GetBytes(32); break;
            case "own key under our id":
                secret = RandomNumberGenerator.GetBytes(32);
                header["jwk"] = new { kty = "oct", k = Base64UrlEncoder.Encode(secret), kid = key.KeyId };
                break;
            case "unknown id": header["kid"] = "another"; break;
            case "id with a path": header["kid"] = "../../../../dev/null"; secret = []; break;
            case "no id": header.Remove("kid"); break;
            case "HS512": header["alg"] = "HS512"; break;
            case "RS256 with our secret": header["alg"] = "RS256"; break;
            case "issuer": payload["iss"] = "somebody"; break;
            case "audience": payload["aud"] = "somebody"; break;
            case "type JWT": header["typ"] = "JWT"; break;
            case "no type": header.Remove("typ"); break;
            case "expired": payload["exp"] = now - 30; payload["nbf"] = payload["iat"] = now - 60; break;
            case "not yet valid": payload["nbf"] = now + 30; break;
            case "issued in the future": payload["iat"] = now + 30; break;
            case "no expiry": payload.Remove("exp"); break;
            case "no stamp": payload.Remove("stamp"); break;
            case "other stamp": payload["stamp"] = "00"; break;
            case "unknown user": payload["sub"] = Guid.NewGuid().ToString(); break;
            case "truncated": return real[..^10];
            case "two parts": return real[..real.LastIndexOf('.')];
            case "garbage": return "\u00e4\u00f6.%%%.***";
            case "empty": return "";
            case "changed payload":
                payload["sub"] = Guid.NewGuid().ToString();
                var parts = real.Split('.');
                return $"{parts[0]}.{Encode(payload)}.{parts[2]}";
            default: throw new ArgumentOutOfRangeException(nameof(forgery), forgery, null);
        }

        var signed = $"{Encode(header)}.{Encode(payload)}";
        var bytes = Encoding.ASCII.GetBytes(signed);
        return $"{signed}.{(secret is null ? "" : Base64UrlEncoder.Encode((string?)header["alg"] == "HS512" ? HMACSHA512.HashData(secret, bytes) : HMACSHA256.HashData(secret, bytes)))}";
    }

    private static string Encode(object value) => Base64UrlEncoder.Encode(JsonSerializer.SerializeToUtf8Bytes(value));

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(string token)
    {
        using var client = portal.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        using var answer = await client.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, answer.IsSuccessStatusCode ? "" : body[..body.IndexOf("traceId", StringComparison.Ordinal)]);
    }
}
