using System.Globalization;

namespace Portal.Web.Live;

/// <summary>The reader's own time zone, told by the browser once per circuit.</summary>
public sealed class BrowserTime
{
    private TimeZoneInfo _zone = TimeZoneInfo.Utc;

    /// <summary>Takes over what the browser said.</summary>
    /// <param name="zone">IANA name, for instance <c>Europe/Vienna</c>.</param>
    /// <param name="offsetMinutes">Minutes ahead of UTC now; used when this machine does not know the zone.</param>
    public void Set(string? zone, int offsetMinutes)
    {
        if (zone is not null && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var known))
        {
            _zone = known;
        }
        else if (offsetMinutes is > -14 * 60 and < 15 * 60 and not 0)
        {
            _zone = TimeZoneInfo.CreateCustomTimeZone("browser", TimeSpan.FromMinutes(offsetMinutes), null, null);
        }
    }

    /// <summary>For instance <c>14:03:27</c>.</summary>
    public string Clock(DateTimeOffset time) => Local(time).ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>For instance <c>14:03:27.041</c>.</summary>
    public string Precise(DateTimeOffset time) => Local(time).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>For instance <c>2026-11-23 14:03:27</c>.</summary>
    public string Full(DateTimeOffset time) => Local(time).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private DateTimeOffset Local(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, _zone);
}
