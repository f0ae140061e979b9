using Portal.Web.Components.Pages.Access;

namespace Portal.Web.Tests.Pages.Access;

public sealed class LocalUrlTests
{
    [Theory]
    [InlineData("/hosts/local", "/hosts/local")]
    [InlineData("/containers?q=a%20b&state=running", "/containers?q=a%20b&state=running")]
    [InlineData(null, "/")]
    [InlineData("", "/")]
    [InlineData("hosts", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("/\t/evil.example", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData("/signin?returnUrl=/", "/")]
    [InlineData("/signout", "/")]
    public void OrHome_OnlyEverLeadsToThisPortal(string? url, string expected) => Assert.Equal(expected, LocalUrl.OrHome(url));
}
