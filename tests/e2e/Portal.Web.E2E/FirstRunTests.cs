using System.Text.RegularExpressions;
using static Microsoft.Playwright.Assertions;

namespace Portal.Web.E2E;

public sealed class FirstRunTests(NewPortal portal) : IClassFixture<NewPortal>
{
    [Fact]
    public async Task FirstRun_WithAWrongAndThenTheRightSecret_CreatesTheAdministratorOnce()
    {
        await using var browser = await Browser.OpenAsync(portal.Address);
        await browser.GoAsync("/");
        await Expect(browser.Page).ToHaveURLAsync(new Regex("/setup"));

        await browser.SetUpAsync("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", PortalProcess.UserName, PortalProcess.Password);
        await Expect(browser.Find("form-error")).ToBeVisibleAsync();

        await browser.SetUpAsync(await portal.SecretAsync(), PortalProcess.UserName, PortalProcess.Password);
        await Expect(browser.Find("setup-submit")).ToHaveCountAsync(0);
        Assert.False(File.Exists(Path.Combine(portal.PortalRoot, "setup-secret")));

        // Created is not signed in everywhere: another visitor is asked for name and password, never for a secret again.
        await using var visitor = await Browser.OpenAsync(portal.Address);
        await visitor.GoAsync("/setup");
        await Expect(visitor.Find("setup-submit")).ToHaveCountAsync(0);
        await visitor.GoAsync("/");
        await visitor.SignInAsync(PortalProcess.UserName, PortalProcess.Password);
        await Expect(visitor.Find("host-card-local")).ToBeVisibleAsync();
    }
}
