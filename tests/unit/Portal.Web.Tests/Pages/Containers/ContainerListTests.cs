using AngleSharp.Dom;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.TestKit.Fleet;
using Portal.Web.Components.Pages.Containers;

namespace Portal.Web.Tests.Pages.Containers;

public sealed class ContainerListTests : Browser
{
    [Fact]
    public void List_AppliesChangesAsTheyCome()
    {
        Feeds.ContainerSnapshot.AddRange([Some.Container(1, "web"), Some.Container(2, "db", ContainerState.Exited)]);
        var list = Show();
        list.WaitForAssertion(() => Assert.Equal(["db", "web"], Names(list)));

        Feeds.Send(
            new(ChangeKind.Remove, Some.Container(2, "db")),
            new(ChangeKind.Upsert, Some.Container(1, "web", ContainerState.Exited)),
            new Change<ContainerView>(ChangeKind.Upsert, Some.Container(3, "cache")));

        list.WaitForAssertion(() => Assert.Equal(["cache", "web"], Names(list)));
        Assert.Equal("exited", Row(list, "web").QuerySelector("[data-testid=container-state]")!.TextContent);
    }

    [Fact]
    public void List_ShowsLiveLoad()
    {
        Feeds.ContainerSnapshot.Add(Some.Container(1, "web"));
        var list = Show();
        list.WaitForState(() => Names(list) is ["web"]);

        list.WaitForAssertion(() =>
        {
            Feeds.Send(Some.Stats(1, cpu: 42, memory: 96 << 20));
            Assert.Contains("42 %", Row(list, "web").TextContent, StringComparison.Ordinal);
            Assert.Contains("96 MiB", Row(list, "web").TextContent, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void List_ThatFellBehind_StartsAfreshFromANewSnapshot()
    {
        Feeds.ContainerSnapshot.Add(Some.Container(1, "old"));
        var list = Show();
        list.WaitForState(() => Names(list) is ["old"]);

        Feeds.ContainerSnapshot.Clear();
        Feeds.ContainerSnapshot.Add(Some.Container(2, "new"));
        Feeds.LagContainers();

        PassTimeUntil(() => Feeds.ContainerSubscriptions == 2);
        list.WaitForAssertion(() => Assert.Equal(["new"], Names(list)));
        Assert.Equal(2, Feeds.ContainerSubscriptions);
        Assert.Empty(list.FindAll("[data-testid=feed-problem]"));
    }

    [Fact]
    public async Task List_ThatGoes_EndsItsSubscription()
    {
        Feeds.ContainerSnapshot.Add(Some.Container(1));
        var list = Show();
        list.WaitForState(() => Names(list).Length == 1);
        Assert.Equal(1, Feeds.ContainerReaders);

        await DisposeComponentsAsync();

        Assert.Equal(0, Feeds.ContainerReaders);
    }

    [Fact]
    public void Actions_OfAViewer_AreNotThere()
    {
        See(Some.Viewer);
        Feeds.ContainerSnapshot.Add(Some.Container(1, "web"));
        var list = Show();
        list.WaitForState(() => Names(list) is ["web"]);

        Assert.Empty(Row(list, "web").QuerySelectorAll("[data-testid^=action-]"));
    }

    [Fact]
    public void Actions_ThatDoNotFitTheState_AreDisabledOrAbsent()
    {
        Feeds.ContainerSnapshot.Add(Some.Container(1, "web", ContainerState.Exited));
        var list = Show();
        list.WaitForState(() => Names(list) is ["web"]);

        var row = Row(list, "web");
        Assert.False(row.QuerySelector("[data-testid=action-start]")!.HasAttribute("disabled"));
        Assert.True(row.QuerySelector("[data-testid=action-restart]")!.HasAttribute("disabled"));
        Assert.Null(row.QuerySelector("[data-testid=action-stop]"));
    }

    [Fact]
    public void Start_Clicked_RunsTheUseCaseOnThatContainer()
    {
        Feeds.ContainerSnapshot.AddRange([Some.Container(1, "web", ContainerState.Exited), Some.Container(2, "db", ContainerState.Exited)]);
        var list = Show();
        list.WaitForState(() => Names(list).Length == 2);

        list.Find("[data-testid=container-row-db] [data-testid=action-start]").Click();

        list.WaitForAssertion(() => Assert.Equal(new StartContainer(Some.Host, Some.ContainerId(2)), Assert.Single(Started.Commands)));
    }

    [Fact]
    public void Remove_AsksFirst_AndDecliningChangesNothing()
    {
        var dialogs = Render<MudDialogProvider>();
        Feeds.ContainerSnapshot.Add(Some.Container(1, "web"));
        var list = Show();
        list.WaitForState(() => Names(list) is ["web"]);

        list.Find("[data-testid=action-remove]").Click();
        dialogs.WaitForAssertion(() => Assert.Contains("running and will be killed first", dialogs.Markup, StringComparison.Ordinal));
        dialogs.Find("[data-testid=confirm-cancel]").Click();
        Assert.Empty(Removed.Commands);

        list.Find("[data-testid=action-remove]").Click();
        dialogs.WaitForElement("[data-testid=confirm-option]").Change(true);
        dialogs.Find("[data-testid=confirm-ok]").Click();
        list.WaitForAssertion(() => Assert.Equal(new RemoveContainer(Some.Host, Some.ContainerId(1), Force: true, RemoveVolumes: true), Assert.Single(Removed.Commands)));
    }

    [Fact]
    public void Bulk_PartlyFailing_SaysWhichAndWhy()
    {
        var snackbars = Render<MudSnackbarProvider>();
        Started.Answer = command => command.Container == Some.ContainerId(2) ? new Error(ErrorKind.Conflict, "container.start", "Port 80 is taken.") : Result.Success;
        Feeds.ContainerSnapshot.AddRange([
            Some.Container(1, "a", ContainerState.Exited), Some.Container(2, "<b>b</b>", ContainerState.Exited), Some.Container(3, "c", ContainerState.Running),
        ]);
        var list = Show();
        list.WaitForState(() => Names(list).Length == 3);

        list.Find("thead input[type=checkbox]").Change(true);
        list.Find("[data-testid=bulk-start]").Click();

        snackbars.WaitForAssertion(() =>
        {
            var report = snackbars.Find("[data-testid=bulk-report]");
            Assert.Contains("Started 1 of 2 containers. 1 left alone", report.TextContent, StringComparison.Ordinal);
            Assert.Contains("<b>b</b>: Port 80 is taken.", report.TextContent, StringComparison.Ordinal);
            Assert.Empty(report.QuerySelectorAll("b"));
        });
        Assert.Equal(2, Started.Commands.Count);
    }

    [Fact]
    public void Address_CarriesSearchAndState_BothWays()
    {
        var navigation = Services.GetRequiredService<NavigationManager>();
        navigation.NavigateTo("containers?q=we&state=exited");
        Feeds.ContainerSnapshot.AddRange([Some.Container(1, "web", ContainerState.Exited), Some.Container(2, "web-2"), Some.Container(3, "db", ContainerState.Exited)]);
        var list = Show();
        list.WaitForAssertion(() => Assert.Equal(["web"], Names(list)));

        list.Find("[data-testid=filter-exited]").Click();
        list.WaitForAssertion(() => Assert.Equal(["web", "web-2"], Names(list)));
        list.Find("[data-testid=container-search]").Input("db");

        list.WaitForAssertion(() => Assert.Equal(["db"], Names(list)));
        Assert.EndsWith("/containers?q=db", navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void NoContainers_SaysHowToRunOne()
    {
        var list = Show();

        list.WaitForAssertion(() => Assert.Contains("docker -H unix:///run/portal/engine.sock run", list.Find("[data-testid=empty-state]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void Feed_Refused_SaysWhy()
    {
        Feeds.Refusal = new(ErrorKind.Forbidden, "access.denied", "vera has no role with the permission ContainerRead on all hosts.");
        var list = Show();

        list.WaitForAssertion(() => Assert.Contains("vera has no role", list.Find("[data-testid=feed-problem]").TextContent, StringComparison.Ordinal));
    }

    private IRenderedComponent<ContainerList> Show() => Render<ContainerList>();

    private static string[] Names(IRenderedComponent<ContainerList> list) => [.. list.FindAll("tbody .c-name a").Select(name => name.TextContent)];

    private static IElement Row(IRenderedComponent<ContainerList> list, string name) => list.Find($"[data-testid=container-row-{name}]");
}
