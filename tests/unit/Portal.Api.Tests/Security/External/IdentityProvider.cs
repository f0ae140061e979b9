using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Portal.Api.Tests.Security.External;

/// <summary>A small OpenID Connect provider on this machine: discovery, keys, authorisation code with PKCE. Everybody is <see cref="Claims"/>.</summary>
internal sealed class IdentityProvider : IAsyncDisposable
{
    public const string Client = "portal", Secret = "the client's secret";

    private readonly WebApplication _app;
    private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "k" };
    private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string Redirect)> _codes = new();

    private IdentityProvider(WebApplication app) => _app = app;

    /// <summary>What it says of who signs in.</summary>
    public Dictionary<string, object> Claims { get; } = new() { ["sub"] = "42", ["preferred_username"] = "ann", ["groups"] = (string[])["platform"] };

    /// <summary>Its address.</summary>
    public string Authority => _app.Urls.First();

    /// <summary>What the token is signed with; the published key unless a test says otherwise.</summary>
    public SecurityKey? Forged { get; set; }

    public static async Task<IdentityProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var provider = new IdentityProvider(builder.Build());
        provider.Map();
        await provider._app.StartAsync();
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Map()
    {
        _app.MapGet("/.well-known/openid-configuration", () => Results.Json(new
        {
            issuer = Authority, authorization_endpoint = $"{Authority}/authorize", token_endpoint = $"{Authority}/token", jwks_uri = $"{Authority}/keys",
            response_types_supported = (string[])["code"], subject_types_supported = (string[])["public"], id_token_signing_alg_values_supported = (string[])["RS256"],
        }));
        _app.MapGet("/keys", () =>
        {
            var key = _key.Rsa.ExportParameters(false);
            return Results.Json(new { keys = (object[])[new { kty = "RSA", use = "sig", alg = "RS256", kid = "k", n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) }] });
        });
        _app.MapGet("/authorize", (HttpRequest request) =>
        {
            var code = Guid.NewGuid().ToString("N");
            var query = request.Query;
            _codes[code] = (query["nonce"]!, query["code_challenge"]!, query["redirect_uri"]!);
            return Results.Redirect($"{query["redirect_uri"]}?code={code}&state={Uri.EscapeDataString(query["state"]!)}");
        });
        _app.MapPost("/token", async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            var known = _codes.TryRemove(form["code"].ToString(), out var asked);
            var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
            if (!known || asked.Challenge != challenge || form["client_secret"] != Secret || form["redirect_uri"] != asked.Redirect)
            {
                return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
            }

            var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
            {
                Issuer = Authority, Audience = Client, Expires = DateTime.UtcNow.AddMinutes(5), Claims = new Dictionary<string, object>(Claims) { ["nonce"] = asked.Nonce },
                SigningCredentials = new(Forged ?? _key, SecurityAlgorithms.RsaSha256),
            });
            return Results.Json(new { access_token = "x", token_type = "Bearer", expires_in = 300, id_token = token });
        });
    }
}
