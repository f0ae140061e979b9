using Microsoft.Playwright;

namespace Portal.Web.E2E;

/// <summary>Debian's Chromium, or the browser that Playwright fetched where PORTAL_E2E_CHROMIUM is empty, driven by what people mean to do.</summary>
public sealed class Browser : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser, IPage page) => (_playwright, _browser, Page) = (playwright, browser, page);

    public IPage Page { get; }

    public static async Task<Browser> OpenAsync(string address)
    {
        // On two busy processors the first page of a cold portal takes its time.
        Assertions.SetDefaultExpectTimeout(20_000);
        var playwright = await Playwright.CreateAsync();
        var chromium = Environment.GetEnvironmentVariable("PORTAL_E2E_CHROMIUM") ?? "/usr/bin/chromium";
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = chromium.Length > 0 ? chromium : null,
            Args = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-first-run"],
        });
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address,
            IgnoreHTTPSErrors = true,
            ViewportSize = new ViewportSize { Width = 1360, Height = 850 },
            ColorScheme = ColorScheme.Dark,
        });
        context.SetDefaultTimeout(20_000);
        return new Browser(playwright, browser, await context.NewPageAsync());
    }

    public ILocator Find(string testId) => Page.GetByTestId(testId);

    /// <summary>Opens a page. Chromium gives up a request when an address appears on the machine meanwhile, as it may while containers start.</summary>
    public async Task GoAsync(string path)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await Page.GotoAsync(path);
                return;
            }
            catch (PlaywrightException ex) when (attempt < 5 && ex.Message.Contains("ERR_NETWORK_CHANGED", StringComparison.Ordinal))
            {
                await Page.WaitForTimeoutAsync(500);
            }
        }
    }

    /// <summary>Fills the first-run page and sends it.</summary>
    public async Task SetUpAsync(string secret, string userName, string password, string? confirm = null)
    {
        await Find("setup-secret").FillAsync(secret);
        await Find("setup-username").FillAsync(userName);
        await Find("setup-password").FillAsync(password);
        await Find("setup-confirm").FillAsync(confirm ?? password);
        await Find("setup-submit").ClickAsync();
    }

    public async Task SignInAsync(string userName, string password)
    {
        await Find("signin-username").FillAsync(userName);
        await Find("signin-password").FillAsync(password);
        await Find("signin-submit").ClickAsync();
    }

    /// <summary>Clicks, and confirms what the portal asks back.</summary>
    public async Task ClickAndConfirmAsync(ILocator button)
    {
        await button.ClickAsync();
        await Find("confirm-ok").ClickAsync();
    }

    /// <summary>True when the pictures of the README are asked for.</summary>
    public static bool TakesPictures => Environment.GetEnvironmentVariable("PORTAL_E2E_SCREENSHOTS") == "1";

    /// <summary>docs/images/NAME.png, of the page as it is.</summary>
    public async Task PictureAsync(string name)
    {
        await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Portal.E2E.AgentProcess.Repository(), "docs/images", name + ".png") });
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
