using System.Buffers;
using System.Globalization;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi;

/// <summary>Times as the Engine API writes and reads them.</summary>
internal static class EngineTime
{
    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789.");

    /// <summary>RFC 3339 with as many digits of a second as there are; "never" for null.</summary>
    public static string Format(DateTimeOffset? time) =>
        time is { } t ? t.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture) : Contract.ZeroTime;

    /// <summary>Unix nanoseconds.</summary>
    public static long Nanoseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Unix seconds with an optional fraction (<c>1795451833.000000000</c>), or RFC 3339. Null for null, empty and 0.</summary>
    public static DateTimeOffset? Parse(string? text, string parameter)
    {
        if (string.IsNullOrEmpty(text) || text == "0")
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

    /// <summary>A filter's <c>until</c>: a time as above, or a duration back from now (<c>10m</c>, <c>1h30m</c>).</summary>
    public static DateTimeOffset ParseUntil(string text, DateTimeOffset now) => TryDuration(text, out var ago) ? now - ago : Parse(text, "until") ?? DateTimeOffset.UnixEpoch;

    /// <summary>A duration as Go writes it; null when it is none.</summary>
    public static TimeSpan? TryParseDuration(string text) => TryDuration(text, out var duration) ? duration : null;

    private static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = default;
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

            duration += TimeSpan.FromSeconds(number * unit.Seconds);
            rest = rest[unit.Length..];
        }

        return text.Length > 0;
    }
}
