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
        // On a busy machine the processor stays at 100 %; then memory or a curve moves.
        var before = await card.InnerHTMLAsync();
        await Portal.E2E.Patience.UntilAsync("the card has moved", async () => await card.InnerHTMLAsync() != before);
    }

    [Fact]
    public async Task Container_FromStartToRemoval_IsLiveAllTheWay()
    {
        (await portal.Docker.RunAsync("create", "--name", "clock", "busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do echo tick $((i+=1)); sleep 0.2; done")).Succeeded();
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

        await browser.Find("tab-logs").ClickAsync();
        await Expect(browser.Find("log-line").Last).ToContainTextAsync("tick");
        var last = await browser.Find("log-line").Last.InnerTextAsync();
        await Expect(browser.Find("log-line").Last).Not.ToHaveTextAsync(last);

        var state = browser.Find("container-state").First;
        await StopAsync(browser);
        await Expect(state).ToHaveAttributeAsync("data-state", new Regex("exited", RegexOptions.IgnoreCase));
        Assert.Equal("exited", await portal.Docker.InspectAsync("clock", "{{.State.Status}}"));

        await browser.GoAsync("/containers");
        await browser.ClickAndConfirmAsync(row.GetByTestId("action-remove"));
        await Expect(row).ToHaveCountAsync(0);
        Assert.Equal(1, (await portal.Docker.RunAsync("inspect", "clock")).ExitCode);
    }

    /// <summary>The README shows a list and charts with a minute of real numbers in them; nobody waits for that unless the pictures are asked for.</summary>
    [Fact]
    public async Task Pages_WithSeveralContainers_ShowTheirLoad()
    {
        await portal.Docker.RunDetachedAsync("--name", "web", "-p", "127.0.0.1::80", "--memory", "64m", "busybox", "sh", "-c", "head -c 300000 /dev/urandom > /index.html; httpd -f");
        await portal.Docker.RunDetachedAsync("--name", "worker", "--cpus", "0.5", "--memory", "256m", "busybox", "sh", "-c",
            "web=$1; while :; do n=$((RANDOM * 3)) i=0; while [ $i -lt $n ]; do i=$((i+1)); done; wget -q -O /result http://$web/; sleep 0.$((RANDOM % 9)); done", "worker", await AddressAsync("web"));
        await portal.Docker.RunDetachedAsync("--name", "cache", "--memory", "192m", "busybox", "awk", """BEGIN { x = "0123456789abcdef"; while (length(x) < 2e7) x = x x; system("while :; do sleep 1; done") }""");
        await portal.Docker.RunDetachedAsync("--name", "scheduler", "busybox", "sh", "-c", "while :; do date; sleep 1; done");
        await portal.Docker.RunAsync("run", "--name", "migrate", "busybox", "true");
        await portal.Docker.RunAsync("run", "--name", "nightly-import", "busybox", "sh", "-c", "exit 2");
        await using var browser = await SignedInAsync();
        await browser.GoAsync("/containers");

        var worker = browser.Find("container-row-worker");
        await Expect(worker).ToContainTextAsync(new Regex(@"\d %"));
        await Expect(worker).ToContainTextAsync(new Regex(@"\d [KM]iB"));
        await Expect(browser.Find("container-row-nightly-import")).ToContainTextAsync("Exited (2)");
        if (Browser.TakesPictures)
        {
            await browser.Page.WaitForTimeoutAsync(60_000);
            await browser.PictureAsync("containers");
        }

        await worker.GetByRole(AriaRole.Link).First.ClickAsync();
        await browser.Find("tab-stats").ClickAsync();
        var wanted = Browser.TakesPictures ? 90 : 3;
        await Portal.E2E.Patience.UntilAsync($"the chart has {wanted} points", async () => await PointsAsync(browser) >= wanted, TimeSpan.FromMinutes(2));
        if (Browser.TakesPictures) await browser.PictureAsync("container-stats");
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

    private async Task<string> AddressAsync(string container) => await portal.Docker.InspectAsync(container, "{{.NetworkSettings.IPAddress}}");

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
