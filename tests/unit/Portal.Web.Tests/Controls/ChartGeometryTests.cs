using Portal.TestKit.Fleet;
using Portal.Web.Components.Controls;

namespace Portal.Web.Tests.Controls;

public sealed class ChartGeometryTests
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(100);

    [Fact]
    public void Fit_AxisEndsAtNewestSampleAndTopIsRound()
    {
        var chart = Fit([(-200, 9999), (-10, 33), (0, 12)]);

        Assert.Equal(Some.Now, chart.End);
        Assert.Equal(Some.Now - s_window, chart.Start);
        Assert.Equal(40, chart.Max);
        Assert.Equal([0, 10, 20, 30, 40], chart.Ticks);
    }

    [Theory]
    [InlineData(300, 512)]
    [InlineData(512, 512)]
    [InlineData(1025, 2048)]
    public void Fit_Bytes_TopIsAPowerOfTwo(double value, double top)
    {
        var chart = ChartGeometry.Fit([new("a", 1, [new(Some.Now, value)])], s_window, null, 1, binary: true, Some.Now);

        Assert.Equal(top, chart.Max);
    }

    [Fact]
    public void Fit_WithoutSamples_StillHasAxes()
    {
        var chart = Fit([]);

        Assert.Equal(Some.Now, chart.End);
        Assert.True(chart.Max > 0);
        Assert.Equal("", chart.Line([]));
    }

    [Fact]
    public void Line_RunsFromLeftToRightInTheBox()
    {
        var chart = Fit([(-5, 0), (0, 10)], max: 10);

        Assert.Equal("M570 100L600 0", chart.Line(Points((-5, 0), (0, 10))));
        Assert.Equal("M570 100L570 100L600 0L600 100Z", chart.Area(Points((-5, 0), (0, 10))));
    }

    [Fact]
    public void Line_OverAHoleInTime_IsBroken()
    {
        var points = Points((-30, 1), (-29, 1), (-10, 1), (-9, double.NaN), (-8, 1));
        var chart = Fit([(-30, 1), (0, 1)], max: 10);

        Assert.Equal(3, chart.Line(points).Count(c => c == 'M'));
        Assert.Equal(3, chart.Area(points).Count(c => c == 'Z'));
    }

    [Fact]
    public void Line_OfImpossibleValues_StaysInTheBox()
    {
        var points = Points((-3, -5), (-2, double.PositiveInfinity), (-1, 1e300), (0, 5));
        var chart = Fit([(0, 5)], max: 10);

        var numbers = System.Text.RegularExpressions.Regex.Matches(chart.Line(points), @"[-\d.]+").Select(m => double.Parse(m.Value, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.NotEmpty(numbers);
        Assert.All(numbers, number => Assert.InRange(number, 0, 600));
    }

    [Fact]
    public void Nearest_FindsTheSampleUnderThePointer_OrNothingInAHole()
    {
        var points = Points((-50, 1), (-48, 2), (0, 3));
        var chart = Fit([(-50, 1), (0, 3)], max: 10);

        Assert.Equal(2, chart.Nearest(points, 0.525)?.Value);
        Assert.Equal(3, chart.Nearest(points, 7)?.Value);
        Assert.Null(chart.Nearest(points, 0.75));
    }

    [Fact]
    public void Spark_NewestIsAtTheRightEdge() =>
        Assert.Equal("M50 10L100 0", ChartGeometry.Spark([0, 20], room: 3, width: 100, height: 10, max: 20));

    private static ChartGeometry Fit((int Second, double Value)[] points, double? max = null) =>
        ChartGeometry.Fit([new("a", 1, Points(points))], s_window, max, 1, binary: false, Some.Now);

    private static ChartPoint[] Points(params (int Second, double Value)[] points) => [.. points.Select(p => new ChartPoint(Some.Now.AddSeconds(p.Second), p.Value))];
}
