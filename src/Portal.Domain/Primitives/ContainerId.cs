using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Portal.Domain.Primitives;

/// <summary>Full identity of a container: 64 lower-case hexadecimal digits.</summary>
public readonly record struct ContainerId(string Value) : ISpanParsable<ContainerId>
{
    private static readonly SearchValues<char> s_lowerHex = SearchValues.Create("0123456789abcdef");

    /// <summary>The first twelve digits, as lists show them.</summary>
    public string Abbreviated => Value[..12];

    public override string ToString() => Value;

    /// <summary>A new random identity (256 bits).</summary>
    public static ContainerId New() => new(RandomNumberGenerator.GetHexString(64, lowercase: true));

    public static ContainerId Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A container id is 64 lower-case hexadecimal digits.");

    public static ContainerId Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out ContainerId result)
    {
        result = default;
        if (s.Length != 64 || s.ContainsAnyExcept(s_lowerHex))
        {
            return false;
        }

        result = new(s.ToString());
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ContainerId result) => TryParse(s.AsSpan(), provider, out result);
}
