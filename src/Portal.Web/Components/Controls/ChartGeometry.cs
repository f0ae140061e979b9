using System.Globalization;
using System.Text;

namespace Portal.Web.Components.Controls;

/// <summary>
/// Where the lines of a time chart run. Coordinates are those of a view box of <see cref="Width"/> × <see cref="Height"/>
/// that the browser stretches over whatever room there is.
/// </summary>
internal sealed class ChartGeometry
{
    public const int Width = 600;
    public const int Height = 100;

    // Two samples further apart than this are not joined: the line would claim values nobody measured.
    private static readonly TimeSpan s_gap = TimeSpan.FromSeconds(6);

    private ChartGeometry(DateTimeOffset start, DateTimeOffset end, double max, IReadOnlyList<double> ticks) =>
        (Start, End, Max, Ticks) = (start, end, max, ticks);

    public DateTimeOffset Start { get; }

    public DateTimeOffset End { get; }

    /// <summary>Value at the top edge.</summary>
    public double Max { get; }

    /// <summary>Values of the grid lines, from zero to <see cref="Max"/>.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Fits the axes around the series.</summary>
    /// <param name="series">What to show.</param>
    /// <param name="window">Length of the time axis; it ends at the newest sample.</param>
    /// <param name="fixedMax">Top of the value axis, or null to fit the highest value.</param>
    /// <param name="floor">The fitted top is never below this, so that noise around zero stays low.</param>
    /// <param name="binary">Round the top to powers of two of bytes instead of decimal steps.</param>
    /// <param name="now">End of the axis when there are no samples.</param>
    public static ChartGeometry Fit(
        IReadOnlyList<StatsSeries> series, TimeSpan window, double? fixedMax, double floor, bool binary, DateTimeOffset now)
    {
        var end = DateTimeOffset.MinValue;
        foreach (var line in series)
        {
            if (line.Points.Count > 0 && line.Points[^1].Time > end)
            {
                end = line.Points[^1].Time;
            }
        }

        if (end == DateTimeOffset.MinValue)
        {
            end = now;
        }

        var start = end - window;
        var highest = floor;
        foreach (var line in series)
        {
            foreach (var point in line.Points)
            {
                if (point.Time >= start && double.IsFinite(point.Value) && point.Value > highest)
                {
                    highest = point.Value;
                }
            }
        }

        var max = fixedMax is > 0 and var given ? given : binary ? NiceBinary(highest) : NiceDecimal(highest);
        var steps = StepsFor(max, binary && fixedMax is null);
        var ticks = new double[steps + 1];
        for (var i = 0; i <= steps; i++)
        {
            ticks[i] = max * i / steps;
        }

        return new(start, end, max, ticks);
    }

    public double X(DateTimeOffset time) => (time - Start) / (End - Start) * Width;

    public double Y(double value) => Height - (Math.Clamp(value, 0, Max) / Max * Height);

    /// <summary>Path of the line; empty without points in the window.</summary>
    public string Line(IReadOnlyList<ChartPoint> points) => Path(points, area: false);

    /// <summary>Path of the surface below the line.</summary>
    public string Area(IReadOnlyList<ChartPoint> points) => Path(points, area: true);

    /// <summary>The sample nearest to a place on the time axis, or null when none is near enough to speak for it.</summary>
    /// <param name="points">Oldest first.</param>
    /// <param name="fraction">0 at the left edge, 1 at the right.</param>
    public ChartPoint? Nearest(IReadOnlyList<ChartPoint> points, double fraction)
    {
        var at = Start + ((End - Start) * Math.Clamp(fraction, 0, 1));
        ChartPoint? best = null;
        var distance = s_gap;
        foreach (var point in points)
        {
            var away = (point.Time - at).Duration();
            if (away < distance && point.Time >= Start && double.IsFinite(point.Value))
            {
                (best, distance) = (point, away);
            }
        }

        return best;
    }

    /// <summary>Path of a line without axes through evenly spaced values.</summary>
    public static string Spark(IReadOnlyList<double> values, int room, double width, double height, double max)
    {
        var path = new StringBuilder();
        var step = room > 1 ? width / (room - 1) : width;
        var offset = width - (step * (values.Count - 1));
        for (var i = 0; i < values.Count; i++)
        {
            var value = double.IsFinite(values[i]) ? Math.Clamp(values[i], 0, max) : 0;
            Append(path, i == 0 ? 'M' : 'L', offset + (i * step), height - (max > 0 ? value / max * height : 0));
        }

        return path.ToString();
    }

    private string Path(IReadOnlyList<ChartPoint> points, bool area)
    {
        var path = new StringBuilder(points.Count * 11);
        var (open, lastX) = (false, 0d);
        var lastTime = DateTimeOffset.MinValue;
        foreach (var (time, value) in points)
        {
            if (time < Start)
            {
                continue;
            }

            var joins = open && double.IsFinite(value) && time - lastTime <= s_gap;
            if (open && !joins)
            {
                CloseArea(path, area, lastX);
                open = false;
            }

            if (!double.IsFinite(value))
            {
                continue;
            }

            lastX = X(time);
            if (!open && area)
            {
                Append(path, 'M', lastX, Height);
                Append(path, 'L', lastX, Y(value));
            }
            else
            {
                Append(path, open ? 'L' : 'M', lastX, Y(value));
            }

            open = true;
            lastTime = time;
        }

        if (open)
        {
            CloseArea(path, area, lastX);
        }

        return path.ToString();
    }

    private static void CloseArea(StringBuilder path, bool area, double x)
    {
        if (area)
        {
            Append(path, 'L', x, Height);
            path.Append('Z');
        }
    }

    private static void Append(StringBuilder path, char verb, double x, double y) =>
        path.Append(verb).Append(CultureInfo.InvariantCulture, $"{Math.Round(x, 1)} {Math.Round(y, 1)}");

    private static int StepsFor(double max, bool binary)
    {
        if (binary)
        {
            return 4;
        }

        var mantissa = Math.Round(max / Math.Pow(10, Math.Floor(Math.Log10(max))), 6);
        return mantissa is 5 or 2.5 ? 5 : 4;
    }

    private static double NiceDecimal(double value)
    {
        if (value <= 0)
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        var mantissa = value / power;
        return power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 4 ? 4 : mantissa <= 5 ? 5 : mantissa <= 8 ? 8 : 10);
    }

    private static double NiceBinary(double value) => value <= 4 ? 4 : Math.Pow(2, Math.Ceiling(Math.Log2(value)));
}
