using System.Net;
using Portal.Runtime.Names;

namespace Portal.Runtime.Tests.Names;

public class HostsFileTests
{
    private static readonly IPAddress[] s_addresses = [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::2"), IPAddress.Parse("10.1.0.2")];
    private static readonly IPAddress[] s_gateways = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")];

    [Fact]
    public void Render_SeveralNetworks_IsTheWholeFile() => Assert.Equal(
        "127.0.0.1\tlocalhost\n"
        + "::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
        + "1.2.3.4\tdb\n::5\tcache\n10.0.0.1\thost.docker.internal\nfd00::1\thost.docker.internal\n"
        + "10.0.0.2\tweb\nfd00::2\tweb\n10.1.0.2\tweb\n",
        HostsFile.Render(["db:1.2.3.4", "cache:[::5]", "host.docker.internal:host-gateway"], s_gateways, HostsFile.OwnLines("web", "", s_addresses, true), hasIPv6: true));

    [Fact]
    public void Render_IPv6TurnedOff_HasNoneOfIt() => Assert.Equal(
        "127.0.0.1\tlocalhost\n10.0.0.1\th\n10.0.0.2\tweb\n10.1.0.2\tweb\n",
        HostsFile.Render(["h:host-gateway", "cache:::5"], s_gateways, HostsFile.OwnLines("web", null, s_addresses, false), hasIPv6: false));

    [Theory]
    [InlineData("web", "shop.example", "web.shop.example web")]
    [InlineData("web.shop.example", "", "web.shop.example web")]
    [InlineData("web", "", "web")]
    public void OwnLines_FullName_ComesBeforeItsFirstPart(string hostname, string domain, string names) =>
        Assert.Equal([$"10.0.0.2\t{names}\n"], HostsFile.OwnLines(hostname, domain, s_addresses.Take(1), true));
}
