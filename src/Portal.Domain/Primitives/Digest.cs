using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Portal.Domain.Primitives;

/// <summary>Content digest <c>sha256:</c> + 64 lower-case hexadecimal digits (OCI image-spec, descriptor.md).</summary>
public readonly record struct Digest : ISpanParsable<Digest>
{
    private static readonly SearchValues<char> s_lowerHex = SearchValues.Create("0123456789abcdef");

    private Digest(string hex) => Hex = hex;

    /// <summary>The 64 digits without the algorithm.</summary>
    public string Hex { get; }

    public override string ToString() => "sha256:" + Hex;

    /// <summary>Digest of <paramref name="content"/>.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    /// <summary>Wraps a finished SHA-256 hash of 32 bytes.</summary>
    public static Digest FromHash(ReadOnlySpan<byte> hash) => new(Convert.ToHexStringLower(hash));

    public static Digest Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var digest) ? digest : throw new FormatException("A digest is sha256: followed by 64 lower-case hexadecimal digits.");

    public static Digest Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Digest result)
    {
        result = default;
        if (!s.StartsWith("sha256:", StringComparison.Ordinal) || s.Length != 71 || s[7..].ContainsAnyExcept(s_lowerHex))
        {
            return false;
        }

        result = new(s[7..].ToString());
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Digest result) => TryParse(s.AsSpan(), provider, out result);
}
