using Bunit;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.TestKit.Fleet;
using Portal.Web.Components.Pages.Containers;

namespace Portal.Web.Tests.Pages.Containers;

public sealed class ContainerScreenTests : Browser
{
    [Fact]
    public void Screen_FollowsTheState_AndAsksForDetailsAgain()
    {
        var running = Some.Container(1, "web");
        Feeds.ContainerSnapshot.Add(running);
        Inspect.Known[running.Id] = Some.Details(running);
        var screen = Show();
        screen.WaitForAssertion(() => Assert.Contains("while sleep 1", screen.Markup, StringComparison.Ordinal));

        var ended = Some.Container(1, "web", ContainerState.Exited);
        Inspect.Known[ended.Id] = Some.Details(ended, exitCode: 137);
        Feeds.Send(new Change<ContainerView>(ChangeKind.Upsert, ended));

        screen.WaitForAssertion(() => Assert.Equal("137", screen.Find("[data-testid=exit-code]").TextContent));
        Assert.Equal("exited", screen.Find("[data-testid=container-state]").TextContent);
        Assert.True(screen.Find("[data-testid=action-stop]").HasAttribute("disabled"));
        Assert.False(screen.Find("[data-testid=action-start]").HasAttribute("disabled"));
    }

    [Fact]
    public void Secrets_AreHidden_UntilAsked()
    {
        var view = Some.Container(1, "web");
        Feeds.ContainerSnapshot.Add(view);
        Inspect.Known[view.Id] = Some.Details(view, ["DB_PASSWORD=hunter2", "LOG=debug"]);
        var screen = Show();
        screen.WaitForAssertion(() => Assert.Contains("debug", screen.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", screen.Markup, StringComparison.Ordinal);

        screen.Find("button[aria-label='Show DB_PASSWORD']").Click();

        Assert.Contains("hunter2", screen.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Container_Removed_SaysSo()
    {
        var view = Some.Container(1, "web");
        Feeds.ContainerSnapshot.Add(view);
        var screen = Show();
        screen.WaitForElement("[data-testid=action-stop]");

        Feeds.Send(new Change<ContainerView>(ChangeKind.Remove, view));

        screen.WaitForAssertion(() => Assert.Contains("web was removed", screen.Find("[data-testid=empty-state]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void Container_Unknown_SaysSo()
    {
        var screen = Show();

        screen.WaitForAssertion(() => Assert.Contains("no such container", screen.Find("[data-testid=empty-state]").TextContent, StringComparison.Ordinal));
    }

    private IRenderedComponent<ContainerScreen> Show() => Render<ContainerScreen>(p => p.Add(screen => screen.Key, new(Some.Host, Some.ContainerId(1))));
}
