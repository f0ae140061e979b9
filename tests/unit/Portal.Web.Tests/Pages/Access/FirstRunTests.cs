using Bunit;
using Portal.Domain.Primitives;
using Portal.TestKit.Access;
using Portal.Web.Components.Pages.Access;

namespace Portal.Web.Tests.Pages.Access;

public sealed class FirstRunTests
{
    private readonly FakeSetup _setup = new();

    [Theory]
    [InlineData("", "ada", "correct horse", "correct horse", "setup.secret")]
    [InlineData("x", " ", "correct horse", "correct horse", "user.name")]
    [InlineData("x", "ada", "", "", "user.password")]
    [InlineData("x", "ada", "correct horse", "correct house", "user.confirm")]
    public async Task Values_ThatCannotBeRight_AreNotSent(string secret, string name, string password, string confirm, string code)
    {
        var result = await RunAsync(secret, name, password, confirm);

        Assert.Equal(code, result.Error?.Code);
        Assert.Empty(_setup.Commands);
    }

    [Fact]
    public async Task Secret_Wrong_ShowsWhatSetupSays()
    {
        var result = await RunAsync("wrong", "ada", "correct horse", "correct horse");

        Assert.Equal("setup.secret", result.Error?.Code);
        Assert.True(_setup.Required);
    }

    [Fact]
    public async Task Values_Right_MakeTheAdministratorAndSignIn()
    {
        var result = await RunAsync($" {FakeSetup.Secret}\n", " ada ", "correct horse", "correct horse");

        Assert.Equal("ada", result.Value.Identity?.Name);
        Assert.Equal(("ada", "correct horse"), (_setup.Commands[0].UserName, _setup.Commands[0].Password));
    }

    [Fact]
    public void Form_AfterAFailure_ShowsTheSentenceAndKeepsWhatWasTypedExceptPasswords()
    {
        using var browser = new BunitContext();

        var form = browser.Render<SetupForm>(parameters => parameters
            .Add(form => form.Values, new SetupValues { Secret = "s", UserName = "a<b", Password = "hidden-1", Confirm = "hidden-2" })
            .Add(form => form.Problem, new Error(ErrorKind.Unauthorized, "setup.secret", "This is not the setup secret.")));

        Assert.Equal("This is not the setup secret.", form.Find("[role=alert]").TextContent);
        Assert.Equal("a<b", form.Find("[data-testid=setup-username]").GetAttribute("value"));
        Assert.DoesNotContain("hidden-", form.Markup, StringComparison.Ordinal);
        Assert.Contains("./portal status", form.Markup, StringComparison.Ordinal);
        Assert.NotNull(form.Find("[data-testid=setup-secret]"));
        Assert.NotNull(form.Find("[data-testid=setup-confirm]"));
    }

    private Task<Result<System.Security.Claims.ClaimsPrincipal>> RunAsync(string secret, string name, string password, string confirm) =>
        new FirstRun(_setup, new FakeSignIn()).RunAsync(
            new() { Secret = secret, UserName = name, Password = password, Confirm = confirm }, "127.0.0.1", CancellationToken.None);
}
