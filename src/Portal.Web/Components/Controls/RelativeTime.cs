using System.Globalization;

namespace Portal.Web.Components.Controls;

/// <summary>How long ago something was, in the words people use.</summary>
public static class RelativeTime
{
    /// <summary>The age in words. A time in the future (clocks differ between machines) reads as now.</summary>
    public static string Format(DateTimeOffset then, DateTimeOffset now)
    {
        var age = now - then;
        return age.TotalSeconds switch
        {
            < 5 => "just now",
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalSeconds} s ago"),
            < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalMinutes} min ago"),
            < 86_400 => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalHours} h ago"),
            < 2 * 86_400 => "yesterday",
            < 60 * 86_400d => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalDays} days ago"),
            < 730 * 86_400d => string.Create(CultureInfo.InvariantCulture, $"{(int)(age.TotalDays / 30.44)} months ago"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{(int)(age.TotalDays / 365.25)} years ago"),
        };
    }

    /// <summary>How long until the text of <see cref="Format"/> may change.</summary>
    public static TimeSpan NextChange(DateTimeOffset then, DateTimeOffset now) => (now - then).TotalSeconds switch
    {
        < 60 => TimeSpan.FromSeconds(1),
        < 3600 => TimeSpan.FromSeconds(15),
        _ => TimeSpan.FromMinutes(5),
    };
}
