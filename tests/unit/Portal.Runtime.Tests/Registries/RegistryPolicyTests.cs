using System.Net;
using Portal.Domain.Primitives;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

public sealed class RegistryPolicyTests
{
    private static readonly HashSet<IPAddress> s_own = [IPAddress.Parse("192.168.1.5"), IPAddress.Parse("fd00::5")];

    [Theory]
    [InlineData("https://registry-1.docker.io", "https://auth.docker.io/token", true)]
    [InlineData("https://registry.example.com", "https://registry.example.com:8443/auth", true)]
    [InlineData("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true)]
    [InlineData("https://registry.example.com", "https://evil.com/token", false)]
    [InlineData("https://registry.example.com", "https://example.com.evil.com/token", false)]
    [InlineData("https://registry.example.com", "https://notexample.com/token", false)]
    [InlineData("https://registry.example.com", "http://registry.example.com/token", false)]
    [InlineData("https://mine.co.uk", "https://other.co.uk/token", false)]
    [InlineData("https://reg.mine.co.uk", "https://auth.mine.co.uk/token", true)]
    [InlineData("https://mine.azurecr.io", "https://other.azurecr.io/token", false)]
    [InlineData("https://10.0.0.1:5000", "https://10.0.0.2/token", false)]
    [InlineData("http://localhost:5000", "http://localhost:5001/token", true)]
    [InlineData("https://registry.example.com", "https://sso.elsewhere.org/token", true)]
    public void Credentials_GoToTheRegistrysOwnTokenServerOnly(string registry, string realm, bool may) =>
        Assert.Equal(may, TokenHostPolicy.MayHaveCredentials(new(registry), new(realm), ["sso.elsewhere.org"]));

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.8", true)]
    [InlineData("203.0.113.7", "10.1.2.3", true)]
    [InlineData("203.0.113.7", "127.0.0.1", false)]
    [InlineData("203.0.113.7", "127.9.9.9", false)]
    [InlineData("203.0.113.7", "::1", false)]
    [InlineData("203.0.113.7", "::ffff:127.0.0.1", false)]
    [InlineData("203.0.113.7", "64:ff9b::7f00:1", false)]
    [InlineData("203.0.113.7", "2002:7f00:1::", false)]
    [InlineData("203.0.113.7", "0.0.0.0", false)]
    [InlineData("203.0.113.7", "169.254.169.254", false)]
    [InlineData("203.0.113.7", "::ffff:169.254.169.254", false)]
    [InlineData("203.0.113.7", "fe80::1", false)]
    [InlineData("203.0.113.7", "224.0.0.1", false)]
    [InlineData("203.0.113.7", "192.168.1.5", false)]
    [InlineData("203.0.113.7", "fd00::5", false)]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "192.168.1.5", true)]
    [InlineData("127.0.0.1", "169.254.169.254", false)]
    [InlineData("192.168.1.5", "127.0.0.1", false)]
    [InlineData("203.0.113.7", "fd00:ec2::254", false)]
    [InlineData("203.0.113.7", "100.100.100.200", false)]
    [InlineData(null, "203.0.113.8", true)]
    [InlineData(null, "127.0.0.1", false)]
    [InlineData(null, "192.168.1.5", false)]
    public void Redirect_LeadsToNoAddressOfThisMachine(string? registry, string target, bool allowed) =>
        Assert.Equal(allowed, AddressPolicy.Allows(registry is null ? null : IPAddress.Parse(registry), IPAddress.Parse(target), s_own));

    [Theory]
    [InlineData("localhost:5000", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:5000", true)]
    [InlineData("10.1.2.3:5000", true)]
    [InlineData("10.2.0.1", false)]
    [InlineData("plain.example.com:5000", true)]
    [InlineData("docker.io", false)]
    public async Task Insecure_IsThisMachineAndWhatTheAdministratorLists(string domain, bool insecure)
    {
        var settings = new RegistrySettings { Insecure = { "10.1.0.0/16", "plain.example.com:5000" } };

        var endpoints = await RegistryEndpoint.ForAsync(domain, settings, mirrors: true, default);

        Assert.Equal(insecure ? [("https", true), ("http", false)] : [("https", false)], endpoints.Select(e => (e.Address.Scheme, e.AnyCertificate)));
    }

    [Fact]
    public async Task Insecure_BecauseOfItsAddress_IsSoAtThatAddressOnly()
    {
        var settings = new RegistrySettings { Insecure = { "10.1.0.0/16", "plain.example.com" } };

        // What a name leads to may have changed until the connection is made.
        Assert.All(await RegistryEndpoint.ForAsync("localhost:5000", settings, mirrors: true, default), e =>
        {
            Assert.True(e.Admits!(IPAddress.Loopback) && e.Admits(IPAddress.Parse("10.1.2.3")));
            Assert.False(e.Admits(IPAddress.Parse("203.0.113.7")));
        });
        Assert.All(await RegistryEndpoint.ForAsync("plain.example.com", settings, mirrors: true, default), e => Assert.True(e.Admits!(IPAddress.Parse("203.0.113.7"))));
        Assert.Null(Assert.Single(await RegistryEndpoint.ForAsync("docker.io", settings, mirrors: true, default)).Admits);
    }

    [Fact]
    public async Task Endpoints_OfDockerHub_AreTheMirrorsThenTheHub()
    {
        var settings = new RegistrySettings { Mirrors = { "http://127.0.0.1:5001", "https://mirror.example.com" } };

        Assert.Equal(
            ["http://127.0.0.1:5001/ True", "https://mirror.example.com/ True", "https://registry-1.docker.io/ False"],
            (await RegistryEndpoint.ForAsync("docker.io", settings, mirrors: true, default)).Select(e => $"{e.Address} {e.IsMirror}"));
        Assert.Equal(["https://registry-1.docker.io/"], (await RegistryEndpoint.ForAsync("docker.io", settings, mirrors: false, default)).Select(e => e.Address.ToString()));
        Assert.Equal(["https://127.0.0.1:5000/ True", "http://127.0.0.1:5000/ False"],
            (await RegistryEndpoint.ForAsync("127.0.0.1:5000", settings, mirrors: true, default)).Select(e => $"{e.Address} {e.AnyCertificate}"));
    }

    [Theory]
    [InlineData("", "docker.io")]
    [InlineData("https://index.docker.io/v1/", "docker.io")]
    [InlineData("docker.io", "docker.io")]
    [InlineData("http://127.0.0.1:5000", "127.0.0.1:5000")]
    [InlineData("registry.example.com/v2/", "registry.example.com")]
    [InlineData("registry.example.com:443", "registry.example.com:443")]
    public void Domain_OfASignIn_IsTheRegistrysName(string address, string domain) => Assert.Equal(domain, RegistryEndpoint.DomainOf(address));

    [Theory]
    [InlineData("https://user@host/")]
    [InlineData("a b")]
    [InlineData("host:99999")]
    public void Domain_OfNoAddress_IsRefused(string address) =>
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => RegistryEndpoint.DomainOf(address)).Error.Kind);

    [Fact]
    public void Credential_AsText_TellsNoSecret() =>
        Assert.Equal("RegistryCredential { UserName = joe }", new RegistryCredential("joe", "secret", "identity", "bearer").ToString());

    [Fact]
    public void Scopes_InAnyOrder_AreOneText() => Assert.Equal(
        RegistryScope.Join([RegistryScope.Pull("b"), RegistryScope.Push("a")]), RegistryScope.Join([RegistryScope.Push("a"), RegistryScope.Pull("b"), RegistryScope.Pull("b")]));
}
