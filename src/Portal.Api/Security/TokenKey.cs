using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Security;

/// <summary>The 256-bit key that signs access tokens, in <c>token-key</c>. Deleting the file makes every token void.</summary>
internal sealed class TokenKey
{
    public TokenKey(DataRoot root)
    {
        var path = root.File("token-key");
        if (!File.Exists(path))
        {
            DataRoot.Write(path, RandomNumberGenerator.GetBytes(32));
        }

        var key = File.ReadAllBytes(path);
        if (key.Length != 32)
        {
            throw new StartRefusedException($"The file {path} does not hold a 256-bit key. Restore it, or delete it: a new one is made and programs have to ask for new tokens.");
        }

        Key = new SymmetricSecurityKey(key) { KeyId = Convert.ToHexStringLower(SHA256.HashData(key).AsSpan(0, 8)) };
    }

    public SymmetricSecurityKey Key { get; }
}
