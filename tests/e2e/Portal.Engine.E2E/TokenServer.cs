using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>A small token server for docker-registry: joe may do everything, everybody else may pull.</summary>
public sealed class TokenServer : IAsyncDisposable
{
    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _certificate;
    private readonly HttpListener _listener = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-token-").FullName;
    private readonly Task _serving;

    public TokenServer()
    {
        _certificate = new CertificateRequest("CN=token", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        File.WriteAllText(Bundle, _certificate.ExportCertificatePem());
        Realm = $"http://127.0.0.1:{RegistryServer.FreePort()}/token";
        _listener.Prefixes.Add(Realm[..^"token".Length]);
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Realm { get; }

    /// <summary>The <c>auth</c> section of a registry that believes it.</summary>
    public string Section => $"{{token: {{realm: \"{Realm}\", service: test, issuer: tokens, rootcertbundle: {Bundle}}}}}";

    /// <summary>Who asked for what.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    private string Bundle => Path.Combine(_folder, "bundle.pem");

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _certificate.Dispose();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            var context = await _listener.GetContextAsync();
            var who = context.Request.Headers["Authorization"] is ['B', 'a', 's', 'i', 'c', ' ', .. var basic] ? Encoding.UTF8.GetString(Convert.FromBase64String(basic)) : "";
            var scopes = context.Request.QueryString.GetValues("scope") ?? [];
            if (context.Request.HttpMethod == "POST")
            {
                using var reader = new StreamReader(context.Request.InputStream);
                var form = System.Web.HttpUtility.ParseQueryString(await reader.ReadToEndAsync());
                who = form["refresh_token"] == "stands for joe" && form["grant_type"] == "refresh_token" ? "joe:secret" : "nobody:";
                scopes = (form["scope"] ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            }
            Asked.Enqueue($"{who} {string.Join(' ', scopes)}");
            if (who is not ("" or "joe:secret"))
            {
                context.Response.StatusCode = 401;
                context.Response.Close();
                continue;
            }

            var token = Token([.. scopes.Select(s => s.Split(':')).Select(s => (s[1], s[2].Split(',').Where(a => who.Length > 0 || a == "pull")))]);
            var offline = context.Request.QueryString["offline_token"] == "true" ? ",\"refresh_token\":\"stands for joe\"" : "";
            context.Response.ContentType = "application/json";
            context.Response.Close(Encoding.UTF8.GetBytes($$"""{"token":"{{token}}","expires_in":300{{offline}}}"""), willBlock: true);
        }
    }

    private string Token((string Repository, IEnumerable<string> Actions)[] access)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var head = JsonSerializer.Serialize(new { typ = "JWT", alg = "RS256", x5c = new[] { Convert.ToBase64String(_certificate.RawData) } });
        var claims = JsonSerializer.Serialize(new
        {
            iss = "tokens", sub = "joe", aud = "test", exp = now + 300, nbf = now - 10, iat = now, jti = Guid.NewGuid().ToString("n"),
            access = access.Select(a => new { type = "repository", name = a.Repository, actions = a.Actions.ToArray() }).ToArray(),
        });
        var text = $"{Base64(Encoding.UTF8.GetBytes(head))}.{Base64(Encoding.UTF8.GetBytes(claims))}";
        return $"{text}.{Base64(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Base64(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
