using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Containers;

public class NetworkFilesTests
{
    private static readonly ContainerId s_id = new("0123456789ab" + new string('0', 52));
    private static readonly ContainerSpec s_spec = new() { Image = "x" };

    private static readonly IPAddress s_gateway = IPAddress.Parse("172.29.0.1");

    private static readonly NetworkAttachment s_attachment = new(s_id, "/run/ns", [Place("bridge", "172.29.0.2")]);

    [Fact]
    public void Hosts_OnABridge_NamesItself() => Assert.EndsWith(
        "172.29.0.2\tdb.example db\n",
        NetworkFiles.Hosts(s_id, s_spec with { Hostname = "db", Domainname = "example" }, s_attachment, null), StringComparison.Ordinal);

    [Fact]
    public void Hosts_ExtraHosts_HoldIpv6AndTheGateway()
    {
        var text = NetworkFiles.Hosts(s_id, s_spec with { ExtraHosts = ["a:1.2.3.4", "b:[::2]", "h:host-gateway"] }, s_attachment, s_gateway);

        Assert.Contains("1.2.3.4\ta\n", text, StringComparison.Ordinal);
        Assert.Contains("::2\tb\n", text, StringComparison.Ordinal);
        Assert.Contains("172.29.0.1\th\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bridge", false, true)]
    [InlineData("macvlan", false, false)] // there the gateway is somebody else
    [InlineData("bridge", true, false)] // and there is no way out
    public void Hosts_GatewayOfIPv6_IsTheHostWhereTheWayOutBegins(string driver, bool isInternal, bool expected)
    {
        var place = Place("n", "10.1.0.5") with { Driver = driver, IsInternal = isInternal, IPv6 = new(IPAddress.Parse("fd00::5"), 64, IPAddress.Parse("fd00::1")) };

        var text = NetworkFiles.Hosts(s_id, s_spec with { ExtraHosts = ["h:host-gateway"] }, s_attachment with { Endpoints = [place] }, s_gateway);

        Assert.Contains("172.29.0.1\th\n", text, StringComparison.Ordinal);
        Assert.Equal(expected, text.Contains("fd00::1\th\n", StringComparison.Ordinal));
    }

    [Fact]
    public void Hosts_InSeveralNetworks_HasEveryAddress() => Assert.EndsWith(
        "172.29.0.2\t0123456789ab\n10.1.0.5\t0123456789ab\nfd00::5\t0123456789ab\n",
        NetworkFiles.Hosts(
            s_id, s_spec, s_attachment with { Endpoints = [Place("bridge", "172.29.0.2"), Place("n", "10.1.0.5") with { IPv6 = new(IPAddress.Parse("fd00::5"), 64, null) }] }, null), StringComparison.Ordinal);

    [Fact]
    public void HostsText_Change_KeepsWhatOthersWrote() => Assert.Equal(
        "127.0.0.1\tlocalhost\n10.1.0.50\tab\nmine\n10.2.0.5\tab\n",
        HostsText.Change("127.0.0.1\tlocalhost\n10.1.0.5\tab\n10.1.0.50\tab\nmine", ["10.1.0.5\tab\n", "10.9.9.9\tab\n"], ["10.2.0.5\tab\n"]));

    [Fact]
    public void HostsText_Links_AreReplacedAndNothingElse()
    {
        var line = HostsText.LinkLine(IPAddress.Parse("172.29.0.3"), "database", "0123456789ab", "db");

        Assert.StartsWith("172.29.0.3\tdatabase 0123456789ab db\t", line, StringComparison.Ordinal);
        Assert.Equal("a\n" + line, HostsText.ReplaceLinks("a\n" + HostsText.LinkLine(IPAddress.Parse("172.29.0.9"), "database", "x", "db"), [line]));
    }

    private static NetworkEndpoint Place(string network, string address) =>
        new(network, network, "bridge", "e", "eth0", "veth0", new(IPAddress.Parse(address), 16, s_gateway), null, "02:42:00:00:00:01", 0, false, []);
}
