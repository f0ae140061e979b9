using Bunit;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.TestKit.Fleet;
using Portal.Web.Components.Controls;

namespace Portal.Web.Tests.Controls;

public sealed class ControlTests : Browser
{
    [Theory]
    [InlineData(ContainerState.Running, "running", "good")]
    [InlineData(ContainerState.Exited, "exited", "idle")]
    [InlineData(ContainerState.Restarting, "restarting", "warn")]
    [InlineData(ContainerState.Dead, "dead", "bad")]
    public void StateChip_SaysTheStateInWordAndColour(ContainerState state, string word, string tone)
    {
        var chip = Render<StateChip>(p => p.Add(chip => chip.State, state)).Find("[data-testid=container-state]");

        Assert.Equal(word, chip.TextContent);
        Assert.Contains(tone, chip.ClassList);
    }

    [Fact]
    public void Chart_DrawsItsPoints_AndTellsTheNewestValue()
    {
        var chart = ShowChart([.. Enumerable.Range(0, 60).Select(second => new ChartPoint(Some.Now.AddSeconds(second), second))]);

        Assert.Equal(59, chart.Find("path.line").GetAttribute("d")!.Count(c => c == 'L'));
        Assert.Equal("59 %", chart.Find(".chart-legend b").TextContent);
    }

    [Fact]
    public void Chart_Hovered_TellsTheValueThere()
    {
        var chart = ShowChart([.. Enumerable.Range(0, 301).Select(second => new ChartPoint(Some.Now.AddSeconds(second), second))]);

        chart.InvokeAsync(() => chart.Instance.Hover(0.5));
        Assert.Equal("150 %", chart.Find(".chart-tip b").TextContent);
        Assert.Equal("12:02:30", chart.Find(".chart-tip time").TextContent);

        chart.InvokeAsync(() => chart.Instance.Hover(-1));
        Assert.Empty(chart.FindAll(".chart-tip"));
    }

    [Fact]
    public void Chart_WithoutPoints_SaysThatItWaits() => Assert.Equal("Waiting for the first sample", ShowChart([]).Find(".chart-none").TextContent);

    [Fact]
    public void IfAllowed_HidesWhatWouldBeRefused()
    {
        See(Some.Viewer);

        Assert.Equal("", Render<IfAllowed>(p => p.Add(c => c.Permission, Permission.ContainerRemove).AddChildContent("bin")).Markup.Trim());
        Assert.Equal("log", Render<IfAllowed>(p => p.Add(c => c.Permission, Permission.ContainerLogs).AddChildContent("log")).Markup.Trim());
    }

    private IRenderedComponent<StatsChart> ShowChart(ChartPoint[] points) => Render<StatsChart>(p => p
        .Add(chart => chart.Title, "CPU").Add(chart => chart.Max, 400).Add(chart => chart.Series, [new StatsSeries("CPU", 1, points)])
        .Add(chart => chart.Format, value => value.ToString("0", System.Globalization.CultureInfo.InvariantCulture) + " %"));
}
