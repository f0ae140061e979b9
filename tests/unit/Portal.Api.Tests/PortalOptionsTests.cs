using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Portal.Api.Tests;

public class PortalOptionsTests
{
    [Fact]
    public void Options_Defaults_AreValid() => Assert.True(Validate([]).Succeeded);

    [Fact]
    public void Options_AllWrong_AreToldAtOnceByTheirVariables()
    {
        var result = Validate(new()
        {
            ["PORTAL_DATA_ROOT"] = "relative", ["PORTAL_HTTPS_PORT"] = "https", ["PORTAL_LISTEN"] = "somewhere",
            ["PORTAL_AGENT_SOCKET"] = "/" + new string('x', 107), ["PORTAL_ACCESS_TOKEN_MINUTES"] = "0",
        });
        foreach (var name in (string[])["PORTAL_DATA_ROOT", "PORTAL_HTTPS_PORT", "PORTAL_LISTEN", "PORTAL_AGENT_SOCKET", "PORTAL_ACCESS_TOKEN_MINUTES"])
        {
            Assert.Single(result.Failures!, failure => failure.Contains(name, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("PORTAL_HTTPS_PORT", "0")]
    [InlineData("PORTAL_HTTPS_PORT", "65536")]
    [InlineData("PORTAL_HTTPS_PORT", "99999999999")]
    [InlineData("PORTAL_HTTPS_PORT", "-1")]
    [InlineData("PORTAL_ACCESS_TOKEN_MINUTES", "11")]
    [InlineData("PORTAL_AUDIT_DAYS", "-1")]
    [InlineData("PORTAL_AUDIT_DAYS", "many")]
    [InlineData("PORTAL_OIDC_AUTHORITY", "login.example.com")]
    [InlineData("PORTAL_OIDC_AUTHORITY", "http://login.example.com")]
    [InlineData("PORTAL_OIDC_AUTHORITY", "file:///etc/passwd")]
    [InlineData("PORTAL_OIDC_TEAMS", "platform")]
    [InlineData("PORTAL_DATABASE", "postgres://portal@db/portal")]
    [InlineData("PORTAL_DATABASE", "Host=db;Database=portal")]
    [InlineData("PORTAL_DATABASE", "Host=db;Database=portal;Username=portal;Colour=blue")]
    [InlineData("PORTAL_DATABASE", "Host=db;Database=portal;Username=portal;Port=many")]
    [InlineData("PORTAL_DATABASE_FILE", "/none/such")]
    [InlineData("PORTAL_PUBLIC_ADDRESS", "portal.example.com")]
    [InlineData("PORTAL_PUBLIC_ADDRESS", "http://portal.example.com")]
    [InlineData("PORTAL_PUBLIC_ADDRESS", "https://192.0.2.1")]
    [InlineData("PORTAL_PUBLIC_ADDRESS", "https://portal.example.com/portal")]
    public void Option_OutOfRange_IsRefused(string name, string value) => Assert.True(Validate(new() { [name] = value }).Failed);

    private static ValidateOptionsResult Validate(Dictionary<string, string?> settings)
    {
        var options = new PortalOptions();
        new PortalOptionsSetup(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).Configure(options);
        return new PortalOptionsValidator().Validate(null, options);
    }
}
