using System.Diagnostics.CodeAnalysis;

namespace Portal.Domain.Primitives;

/// <summary>Identity of a host in the control plane: 1 to 64 of <c>[a-z0-9-]</c>.</summary>
public readonly record struct HostId(string Value) : ISpanParsable<HostId>
{
    public override string ToString() => Value;

    public static HostId Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A host id is 1 to 64 of the characters a-z, 0-9 and -.");

    public static HostId Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out HostId result)
    {
        result = default;
        if (s.Length is 0 or > 64)
        {
            return false;
        }

        foreach (var c in s)
        {
            if (!(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            {
                return false;
            }
        }

        result = new(s.ToString());
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out HostId result) => TryParse(s.AsSpan(), provider, out result);
}
