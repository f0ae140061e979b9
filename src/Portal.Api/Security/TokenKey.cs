using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Security;

/// <summary>The 256-bit key that signs access tokens, in <c>token-key</c>. Deleting the file makes every token void.</summary>
internal sealed class TokenKey
{
    public TokenKey(DataRoot root)
    {
        var key = KeyFile.Read(root, "token-key", "a new one is made and programs have to ask for new tokens");
        Key = new SymmetricSecurityKey(key) { KeyId = Convert.ToHexStringLower(SHA256.HashData(key).AsSpan(0, 8)) };
    }

    public SymmetricSecurityKey Key { get; }
}
