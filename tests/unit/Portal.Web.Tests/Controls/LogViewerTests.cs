using Bunit;
using Portal.TestKit.Fleet;
using Portal.Web.Components.Controls;

namespace Portal.Web.Tests.Controls;

public sealed class LogViewerTests : Browser
{
    [Fact]
    public void Lines_AppearAsTheyCome_StderrTinted()
    {
        Feeds.LogTail.Add(Some.Log("first", 0));
        var viewer = Show();
        viewer.WaitForAssertion(() => Assert.Equal(["first"], Lines(viewer)));

        Feeds.Send(Some.Log("second", 1), Some.Log("trouble", 2, error: true));

        viewer.WaitForAssertion(() => Assert.Equal(["first", "second", "trouble"], Lines(viewer)));
        Assert.Equal("trouble", viewer.Find(".log-line.err .log-text").TextContent);
    }

    [Fact]
    public void Line_WithMarkup_StaysText()
    {
        Feeds.LogTail.AddRange([
            Some.Log("<script>alert(1)</script>"), Some.Log("\u001b[31m<img src=x onerror=alert(1)>\u001b[0m"), Some.Log("<b>&amp;</b>"),
        ]);
        var viewer = Show();

        viewer.WaitForAssertion(() => Assert.Equal(["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b>&amp;</b>"], Lines(viewer)));
        Assert.Empty(viewer.FindAll("script, img, .log-text b"));
    }

    [Fact]
    public void Search_ShowsMatches_AndMarksThem()
    {
        Feeds.LogTail.AddRange([Some.Log("GET /orders"), Some.Log("POST /orders"), Some.Log("get ready")]);
        var viewer = Show();
        viewer.WaitForState(() => Lines(viewer).Length == 3);

        viewer.Find("[data-testid=log-search]").Input("get");

        Assert.Equal(["GET /orders", "get ready"], Lines(viewer));
        Assert.Equal(["GET", "get"], viewer.FindAll("mark").Select(mark => mark.TextContent));
        viewer.Find("[data-testid=log-search]").Input("<nothing>");
        Assert.Contains("No line of the 3 kept contains “<nothing>”", viewer.Find(".log-none").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void LongLog_OnlyRowsInViewExist_AtTheEnd()
    {
        Feeds.LogTail.AddRange(Enumerable.Range(0, 12_000).Select(i => Some.Log($"line {i}", i)));
        var viewer = Show();

        viewer.WaitForAssertion(() => Assert.Equal("line 11999", Lines(viewer)[^1]), TimeSpan.FromSeconds(5));
        Assert.InRange(Lines(viewer).Length, 10, 200);
        Assert.Contains("10,000 lines", viewer.Find(".log-count").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void ScrolledUp_NewLinesDoNotMoveTheView_ButAreCounted()
    {
        Feeds.LogTail.AddRange(Enumerable.Range(0, 1000).Select(i => Some.Log($"line {i}", i)));
        var viewer = Show();
        viewer.WaitForState(() => Lines(viewer) is [.., "line 999"]);

        viewer.InvokeAsync(() => viewer.Instance.Scrolled(2000, 400, follow: false));
        var before = Lines(viewer);
        Feeds.Send(Some.Log("new", 2000), Some.Log("newer", 2001));

        viewer.WaitForAssertion(() => Assert.Contains("2 new lines", viewer.Find(".log-news").TextContent, StringComparison.Ordinal));
        Assert.Equal(before, Lines(viewer));
        Assert.Contains("line 100", before);
    }

    [Fact]
    public void ContainerRunsAgain_LogGoesOnAfterTheLastLine_WithoutRepeats()
    {
        Feeds.LogTail.AddRange([Some.Log("one", 0), Some.Log("two", 1)]);
        var viewer = Show();
        viewer.WaitForState(() => Lines(viewer).Length == 2);

        viewer.Render(p => p.Add(v => v.Running, false));
        Feeds.EndLogs();
        viewer.Render(p => p.Add(v => v.Running, true));
        PassTimeUntil(() => Feeds.LogRequests.Count == 2);
        Assert.Equal(Some.Now.AddSeconds(1), Feeds.LogRequests[1].Since);
        viewer.WaitForAssertion(() =>
        {
            Feeds.Send(Some.Log("two", 1), Some.Log("three", 2));
            Assert.Equal(["one", "two", "three"], Lines(viewer).Distinct());
        });
        Assert.Single(Lines(viewer), line => line == "two");
    }

    private IRenderedComponent<LogViewer> Show() => Render<LogViewer>(p => p
        .Add(v => v.Host, Some.Host).Add(v => v.Container, Some.ContainerId(1)).Add(v => v.Name, "web").Add(v => v.Running, true));

    private static string[] Lines(IRenderedComponent<LogViewer> viewer) => [.. viewer.FindAll("[data-testid=log-line] .log-text").Select(line => line.TextContent)];
}
