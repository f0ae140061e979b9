using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class GatewayChoiceTests
{
    [Fact]
    public void Of_Nothing_IsNone() => Assert.Null(GatewayChoice.Of([], isIPv6: false));

    [Fact]
    public void Of_HighestPriority_GoesFirst() => Assert.Equal("z", GatewayChoice.Of([Place("a"), Place("z", priority: 1)], isIPv6: false)?.NetworkName);

    [Fact]
    public void Of_SamePriority_TakesBothFamiliesThenTheName()
    {
        Assert.Equal("a", GatewayChoice.Of([Place("b"), Place("a")], isIPv6: false)?.NetworkName);
        Assert.Equal("b", GatewayChoice.Of([Place("a"), Place("b", ipv6: true)], isIPv6: false)?.NetworkName);
    }

    [Fact]
    public void Of_Internal_NeverLeads() => Assert.Equal("b", GatewayChoice.Of([Place("a", priority: 9) with { IsInternal = true }, Place("b")], isIPv6: false)?.NetworkName);

    [Fact]
    public void Of_OtherFamily_MayLeadElsewhere()
    {
        NetworkEndpoint[] places = [Place("a", priority: 1), Place("b", ipv6: true)];

        Assert.Equal(("a", "b"), (GatewayChoice.Of(places, isIPv6: false)?.NetworkName, GatewayChoice.Of(places, isIPv6: true)?.NetworkName));
    }

    [Theory]
    [InlineData("eth0", "eth1", "eth2")]
    [InlineData("eth1", "lan0", "eth0")]
    public void NextLink_Others_TakesTheFirstFreeNumber(string one, string other, string next) => Assert.Equal(next, GatewayChoice.NextLink("eth", [one, other, null]));

    [Fact]
    public void Rules_BothFamilies_LeadToTheAddressOfTheirs()
    {
        var place = Place("a", ipv6: true) with { Ports = [new(80, "tcp", IPAddress.Any, 8080), new(80, "tcp", IPAddress.IPv6Any, 8080)] };

        Assert.Equal(["10.0.0.2", "fd00::2"], new NetworkAttachment(default, "/ns", [place]).Rules().Select(r => r.Address.ToString()));
    }

    private static NetworkEndpoint Place(string name, int priority = 0, bool ipv6 = false) => new(
        name, name, "bridge", name, "eth0", "veth0", new(IPAddress.Parse("10.0.0.2"), 24, IPAddress.Parse("10.0.0.1")),
        ipv6 ? new(IPAddress.Parse("fd00::2"), 64, IPAddress.Parse("fd00::1")) : null, null, priority, false, []);
}
