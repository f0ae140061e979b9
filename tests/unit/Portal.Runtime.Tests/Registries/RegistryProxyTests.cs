using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

public sealed class RegistryProxyTests
{
    private const string Proxy = "http://proxy.example.com:3128";

    [Theory]
    [InlineData("https://registry.example.org/v2/", "", true)]
    [InlineData("https://localhost:5000/v2/", "", false)]
    [InlineData("https://127.0.0.9:5000/v2/", "", false)]
    [InlineData("https://[::1]:5000/v2/", "", false)]
    [InlineData("https://registry.example.org/v2/", "*", false)]
    [InlineData("https://registry.example.org/v2/", "other.org, example.org", false)]
    [InlineData("https://registry.example.org/v2/", "EXAMPLE.org", false)]
    [InlineData("https://example.org/v2/", ".example.org", true)]
    [InlineData("https://a.example.org/v2/", ".example.org", false)]
    [InlineData("https://a.example.org/v2/", "*.example.org", false)]
    [InlineData("https://badexample.org/v2/", "example.org", true)]
    [InlineData("https://registry.example.org:5000/v2/", "registry.example.org:5000", false)]
    [InlineData("https://registry.example.org:5001/v2/", "registry.example.org:5000", true)]
    [InlineData("https://10.1.2.3/v2/", "10.1.0.0/16", false)]
    [InlineData("https://10.2.2.3/v2/", "10.1.0.0/16", true)]
    [InlineData("https://10.1.2.3/v2/", "10.1.2.3", false)]
    [InlineData("https://[fd00::7]/v2/", "fd00::7", false)]
    [InlineData("https://[fd00::7]:5000/v2/", "[fd00::7]:5000", false)]
    [InlineData("https://[fd00::7]:5000/v2/", "[fd00::7]:5001", true)]
    public void Destination_WithExceptions_GoesThroughTheProxyOrNot(string destination, string except, bool through)
    {
        var proxies = new RegistryProxies { Http = "", Https = Proxy, Except = except };

        Assert.Equal(through ? new Uri(Proxy) : null, proxies.For(new(destination)));
        Assert.Equal(!through, new WebProxies(proxies).IsBypassed(new(destination)));
    }

    [Fact]
    public void Schemes_HaveProxiesOfTheirOwn()
    {
        var proxies = new RegistryProxies { Http = "http://plain:1", Https = "http://secure:2", Except = "" };

        Assert.Equal(new("http://plain:1"), proxies.For(new("http://registry.example.org/")));
        Assert.Equal(new("http://secure:2"), proxies.For(new("https://registry.example.org/")));
    }

    [Fact]
    public void Credentials_ComeFromTheAddress_AndAreNotShown()
    {
        const string Address = "http://me:s%40y@proxy.example.com:3128";
        var proxies = new WebProxies(new() { Http = "", Https = Address, Except = "" });

        var credential = proxies.Credentials!.GetCredential(proxies.GetProxy(new("https://registry.example.org/"))!, "Basic");

        Assert.Equal(("me", "s@y"), (credential!.UserName, credential.Password));
        Assert.Equal("http://xxxxx:xxxxx@proxy.example.com:3128", RegistryProxies.Show(Address));
        Assert.Equal(Proxy, RegistryProxies.Show(Proxy));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(Proxy, true)]
    [InlineData("proxy.example.com:3128", true)]
    [InlineData("ftp://proxy.example.com", false)]
    [InlineData("two words", false)]
    public void Address_OfAProxy_IsOneOrIsNot(string text, bool good) => Assert.Equal(good, RegistryProxies.IsProxy(text));
}
