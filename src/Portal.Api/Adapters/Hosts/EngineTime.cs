using System.Globalization;
using System.Text;

namespace Portal.Api.Adapters.Hosts;

/// <summary>The engine's times: RFC 3339 with up to nine digits of a second; the year 1 stands for never.</summary>
internal static class EngineTime
{
    /// <summary>The time, or null for never and for what is no time.</summary>
    public static DateTimeOffset? Parse(string? text) => TryParse(text, out var time) && time.Year > 1 ? time : null;

    /// <summary>Parses ASCII bytes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out DateTimeOffset time)
    {
        time = default;
        Span<char> chars = stackalloc char[40];
        return text.Length is >= 20 and <= 40 && Encoding.ASCII.TryGetChars(text, chars, out var count) && TryParse(chars[..count], out time);
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out DateTimeOffset)"/>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        if (text.Length < 20 || text[10] != 'T'
            || !DateTime.TryParseExact(text[..19], "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var whole))
        {
            return false;
        }

        var rest = text[19..];
        long ticks = 0;
        if (rest[0] == '.')
        {
            var digits = 1;
            for (; digits < rest.Length && char.IsAsciiDigit(rest[digits]); digits++)
            {
                // A tick is the seventh digit; the engine's eighth and ninth are dropped.
                ticks = digits <= 7 ? (ticks * 10) + (rest[digits] - '0') : ticks;
            }

            for (var i = digits; i <= 7; i++)
            {
                ticks *= 10;
            }

            rest = rest[digits..];
        }

        var offset = TimeSpan.Zero;
        if (rest is not "Z")
        {
            if (rest.Length != 6 || rest[0] is not ('+' or '-') || !TimeSpan.TryParseExact(rest[1..], "hh\\:mm", CultureInfo.InvariantCulture, out offset))
            {
                return false;
            }

            offset = rest[0] == '-' ? -offset : offset;
        }

        var utc = whole.Ticks + ticks - offset.Ticks;
        if (utc < 0 || utc > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        time = new DateTimeOffset(utc, TimeSpan.Zero);
        return true;
    }
}
