using System.Globalization;
using System.Text;

namespace Portal.Runtime.Health;

/// <summary>A time as Docker's messages write it: <c>1m30s</c>, <c>1.5s</c>, <c>250ms</c>.</summary>
internal static class GoDuration
{
    public static string Format(TimeSpan time)
    {
        if (time < TimeSpan.FromMilliseconds(1))
        {
            return Number(time.TotalMicroseconds) + "µs";
        }

        if (time < TimeSpan.FromSeconds(1))
        {
            return Number(time.TotalMilliseconds) + "ms";
        }

        var text = new StringBuilder();
        var hours = (long)time.TotalHours;
        if (hours > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        }

        if (hours > 0 || time.Minutes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{time.Minutes}m");
        }

        return text.Append(Number(time.TotalSeconds - (Math.Floor(time.TotalMinutes) * 60))).Append('s').ToString();
    }

    private static string Number(double number) => number.ToString("0.#######", CultureInfo.InvariantCulture);
}
