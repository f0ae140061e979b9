using System.Security.Cryptography;
using System.Text;

namespace Portal.Runtime.Registries;

/// <summary>Bearer tokens by what they are for. Kept until shortly before they end; never on disk, never logged.</summary>
internal sealed class RegistryTokens(TimeProvider time)
{
    private const int MaximumKept = 1000;

    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<TokenKey, (string Token, DateTimeOffset End)> _tokens = [];

    /// <summary>A token that is still good; null for none.</summary>
    public string? Find(TokenKey key)
    {
        lock (_gate)
        {
            return _tokens.TryGetValue(key, out var found) && found.End > time.GetUtcNow() ? found.Token : null;
        }
    }

    /// <summary>Keeps a token.</summary>
    /// <param name="key">What it is for.</param>
    /// <param name="token">The token.</param>
    /// <param name="life">How long it is good; null when the server does not say, which means a minute.</param>
    public void Keep(TokenKey key, string token, TimeSpan? life)
    {
        var now = time.GetUtcNow();
        var good = life is { } said && said > s_shortest ? said : s_shortest;
        lock (_gate)
        {
            if (_tokens.Count >= MaximumKept)
            {
                foreach (var old in _tokens.Where(t => t.Value.End <= now).Select(t => t.Key).ToArray())
                {
                    _tokens.Remove(old);
                }

                if (_tokens.Count >= MaximumKept)
                {
                    _tokens.Clear();
                }
            }

            _tokens[key] = (token, now + TimeSpan.FromSeconds(Math.Min(good.TotalSeconds, 24 * 3600)) - s_margin);
        }
    }

    /// <summary>A registry did not take it any more.</summary>
    public void Drop(TokenKey key)
    {
        lock (_gate)
        {
            _tokens.Remove(key);
        }
    }
}

/// <param name="Realm">Token server.</param>
/// <param name="Service">Service it is for.</param>
/// <param name="Scope">Scopes, joined.</param>
/// <param name="Who">Stands for the credentials without telling them.</param>
internal sealed record TokenKey(string Realm, string Service, string Scope, string Who)
{
    /// <summary>Stands for credentials: the same for the same, and nothing can be learnt from it.</summary>
    public static string WhoIs(RegistryCredential? credential) => credential is null
        ? ""
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{credential.UserName}\0{credential.Password}\0{credential.IdentityToken}")));
}
