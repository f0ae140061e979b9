using System.Buffers;
using System.Globalization;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi;

/// <summary>Times as the Engine API writes and reads them.</summary>
internal static class EngineTime
{
    // As many seconds as Go's durations hold.
    private const double LongestDuration = long.MaxValue / 1e9;

    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789.");

    /// <summary>RFC 3339 with as many digits of a second as there are; "never" for null.</summary>
    public static string Format(DateTimeOffset? time) =>
        time is { } t ? t.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture) : Contract.ZeroTime;

    /// <summary>Unix nanoseconds.</summary>
    public static long Nanoseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Unix seconds with an optional fraction (<c>1795451833.000000000</c>), or RFC 3339. Null for null and empty; 0 is 1970, "all there is" of a <c>since</c>.</summary>
    public static DateTimeOffset? Parse(string? text, string parameter)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > -62_135_596_800m and < 253_402_300_800m)
        {
            return DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw EngineErrors.Invalid("api.time", $"invalid value for {parameter}: \"{text}\" is not a time");
    }

    /// <summary>Unix seconds with an optional fraction, and nothing else: times of a log. Null for null, empty and 0.</summary>
    public static DateTimeOffset? ParseUnix(string? text, string parameter)
    {
        if (string.IsNullOrEmpty(text) || text == "0")
        {
            return null;
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var (whole, fraction) = dot < 0 ? (text, "") : (text[..dot], text[(dot + 1)..]);
        if (!long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
        {
            var digits = whole.AsSpan().TrimStart("+-");
            throw Invalid($"invalid seconds \"{whole}\": {(digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9') ? "invalid syntax" : "value out of range")}");
        }

        if (fraction.Length > 20)
        {
            throw Invalid($"invalid nanoseconds: length {fraction.Length} exceeds maximum 20");
        }

        if (fraction.AsSpan().IndexOfAnyExceptInRange('0', '9') is var place and >= 0)
        {
            throw Invalid($"invalid nanoseconds: invalid character '{fraction[place]}' at position {place}");
        }

        // Far away in either direction is as far as a time goes.
        seconds = Math.Clamp(seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        var ticks = long.Parse(fraction.PadRight(9, '0').AsSpan(0, 9), CultureInfo.InvariantCulture) / TimeSpan.NanosecondsPerTick;
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(ticks);

        ErrorException Invalid(string reason) => EngineErrors.Invalid("api.time", $"invalid value for \"{parameter}\": invalid timestamp \"{text}\": {reason}");
    }

    /// <summary>A filter's <c>until</c>: a time as above, or a duration back from now (<c>10m</c>, <c>1h30m</c>).</summary>
    public static DateTimeOffset ParseUntil(string text, DateTimeOffset now) => TryDuration(text, out var ago) ? now - ago : Parse(text, "until") ?? DateTimeOffset.UnixEpoch;

    /// <summary>A duration as Go writes it; null when it is none.</summary>
    public static TimeSpan? TryParseDuration(string text) => TryDuration(text, out var duration) ? duration : null;

    private static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = default;
        var total = 0.0;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(s_number);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            (int Length, double Seconds) unit = rest switch
            {
                ['m', 's', ..] => (2, 0.001),
                ['h', ..] => (1, 3600),
                ['m', ..] => (1, 60),
                ['s', ..] => (1, 1),
                _ => (0, 0),
            };
            if (unit.Length == 0)
            {
                return false;
            }

            total += number * unit.Seconds;
            if (total > LongestDuration)
            {
                return false;
            }

            rest = rest[unit.Length..];
        }

        duration = TimeSpan.FromSeconds(total);
        return text.Length > 0;
    }
}
