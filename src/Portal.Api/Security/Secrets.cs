using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Api.Security;

/// <summary>Random secrets that are shown once and stored as their digest. 256 bits: a fast hash is enough, for nobody tries them all.</summary>
internal static class Secrets
{
    /// <summary>A new secret, safe in headers and addresses.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>A new id that cannot be guessed.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>What is stored of a secret.</summary>
    public static string Digest(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
