using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Portal.Web.E2E;

public sealed class BrowserTests(ReadyPortal portal) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await portal.ClearAsync();

    [Fact]
    public async Task SignIn_WithAWrongPassword_IsRefused()
    {
        await using var browser = await Browser.OpenAsync(portal.Address);
        await browser.GoAsync("/");

        await browser.SignInAsync(PortalProcess.UserName, "not the password");

        await Expect(browser.Find("form-error")).ToBeVisibleAsync();
        await Expect(browser.Find("host-card-local")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Host_FoundThroughItsSocket_ShowsLiveProcessorAndMemory()
    {
        await portal.Docker.RunDetachedAsync("--name", "busy", "busybox", "sh", "-c", "while :; do :; done");
        await using var browser = await SignedInAsync();
        var card = browser.Find("host-card-local");

        await Expect(card.GetByTestId("host-memory")).ToHaveTextAsync(new Regex("[KMG]i?B"));
        await Expect(card.GetByTestId("host-cpu")).ToHaveTextAsync(new Regex(@"\d"));
        await Expect(card.GetByTestId("host-cpu")).Not.ToHaveTextAsync(await card.GetByTestId("host-cpu").InnerTextAsync());
        await browser.PictureAsync("hosts");
    }

    [Fact]
    public async Task Container_FromStartToRemoval_IsLiveAllTheWay()
    {
        (await portal.Docker.RunAsync("create", "--name", "clock", "busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do echo tick $((i+=1)); sleep 0.2; done")).Succeeded();
        await portal.Docker.RunDetachedAsync("--name", "web", "-p", "127.0.0.1::80", "--memory", "64m", "busybox", "httpd", "-f");
        await portal.Docker.RunDetachedAsync("--name", "worker", "--cpus", "0.4", "busybox", "sh", "-c", "while :; do :; done");
        await using var browser = await SignedInAsync();
        await browser.GoAsync("/containers");

        var row = browser.Find("container-row-clock");
        await Expect(row.GetByTestId("container-state")).ToHaveAttributeAsync("data-state", new Regex("created", RegexOptions.IgnoreCase));
        await row.GetByTestId("action-start").ClickAsync();
        await Expect(row.GetByTestId("container-state")).ToHaveAttributeAsync("data-state", new Regex("running", RegexOptions.IgnoreCase));
        Assert.Equal("running", await portal.Docker.InspectAsync("clock", "{{.State.Status}}"));

        await row.GetByRole(AriaRole.Link).First.ClickAsync();
        await browser.Find("tab-stats").ClickAsync();
        var before = await PointsAsync(browser);
        await Portal.E2E.Patience.UntilAsync("the chart has gained three points", async () => await PointsAsync(browser) >= before + 3);
        await browser.PictureAsync("stats");

        await browser.Find("tab-logs").ClickAsync();
        await Expect(browser.Find("log-line").Last).ToContainTextAsync("tick");
        var last = await browser.Find("log-line").Last.InnerTextAsync();
        await Expect(browser.Find("log-line").Last).Not.ToHaveTextAsync(last);
        await browser.PictureAsync("logs");

        var state = browser.Find("container-state").First;
        await StopAsync(browser);
        await Expect(state).ToHaveAttributeAsync("data-state", new Regex("exited", RegexOptions.IgnoreCase));
        Assert.Equal("exited", await portal.Docker.InspectAsync("clock", "{{.State.Status}}"));

        await browser.GoAsync("/containers");
        await browser.PictureAsync("containers");
        await browser.ClickAndConfirmAsync(row.GetByTestId("action-remove"));
        await Expect(row).ToHaveCountAsync(0);
        Assert.Equal(1, (await portal.Docker.RunAsync("inspect", "clock")).ExitCode);
    }

    [Fact]
    public async Task List_WithoutAClick_FollowsWhatTheDockerCliDoes()
    {
        await using var browser = await SignedInAsync();
        await browser.GoAsync("/containers");

        await portal.Docker.RunDetachedAsync("--name", "elsewhere", "busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done");
        var row = browser.Find("container-row-elsewhere");
        await Expect(row.GetByTestId("container-state")).ToHaveAttributeAsync("data-state", new Regex("running", RegexOptions.IgnoreCase));

        await portal.Docker.RunAsync("stop", "elsewhere");
        await Expect(row.GetByTestId("container-state")).ToHaveAttributeAsync("data-state", new Regex("exited", RegexOptions.IgnoreCase));

        await portal.Docker.RunAsync("rm", "elsewhere");
        await Expect(row).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task SignOut_EndsTheSession()
    {
        await using var browser = await SignedInAsync();

        await browser.Find("account").ClickAsync();
        await browser.Find("signout").ClickAsync();
        await Expect(browser.Find("signin-submit")).ToBeVisibleAsync();

        await browser.GoAsync("/containers");
        await Expect(browser.Find("signin-submit")).ToBeVisibleAsync();
    }

    private async Task<Browser> SignedInAsync()
    {
        var browser = await Browser.OpenAsync(portal.Address);
        await browser.GoAsync("/");
        await browser.SignInAsync(PortalProcess.UserName, PortalProcess.Password);
        await Expect(browser.Find("host-card-local")).ToBeVisibleAsync();
        return browser;
    }

    /// <summary>Stopping may be asked back, by design of the page.</summary>
    private static async Task StopAsync(Browser browser)
    {
        await browser.Find("action-stop").ClickAsync();
        var confirm = browser.Find("confirm-ok");
        var stopped = browser.Page.Locator("[data-testid=container-state][data-state=exited i]");
        await confirm.Or(stopped).First.WaitForAsync();
        if (await confirm.IsVisibleAsync()) await confirm.ClickAsync();
    }

    /// <summary>Points drawn by the line of the CPU chart: each is a move or a line command of its path.</summary>
    private static async Task<int> PointsAsync(Browser browser) =>
        Regex.Count(await browser.Find("chart-cpu").Locator("path.line").First.GetAttributeAsync("d") ?? "", "[ML]");
}
