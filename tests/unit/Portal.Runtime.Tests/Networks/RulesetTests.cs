using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class RulesetTests
{
    private static readonly PortRule s_everywhere = new("tcp", IPAddress.Any, 8080, IPAddress.Parse("172.29.0.2"), 80);
    private static readonly PortRule s_loopback = new("udp", IPAddress.Loopback, 53, IPAddress.Parse("172.29.0.3"), 5353);

    private static readonly PortRule s_six = new("tcp", IPAddress.IPv6Any, 8080, IPAddress.Parse("fd00::2"), 80);
    private static readonly PortRule s_open = new("tcp", IPAddress.Any, 0, IPAddress.Parse("172.29.0.2"), 80);
    private static readonly BridgeSide s_side = new(Subnet.Parse("172.29.0.0/16"), GatewayMode.Nat, Masquerade: true, null);
    private static readonly BridgeRules s_bridge = new("portal0", IsInternal: false, Icc: true, [], [s_side]);

    [Fact]
    public void Render_OneBridge_IsTheWholeTable() => Assert.Equal("""
        table ip portal0 {}
        delete table ip portal0
        table inet portal0 {}
        delete table inet portal0
        table inet portal0 {
        	map ports {
        		type inet_proto . inet_service : ipv4_addr . inet_service
        		elements = {
        			tcp . 8080 : 172.29.0.2 . 80
        		}
        	}

        	map address_ports {
        		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
        		elements = {
        			127.0.0.1 . udp . 53 : 172.29.0.3 . 5353
        		}
        	}

        	set open_ports {
        		type ipv4_addr . inet_proto . inet_service
        	}

        	chain guard {
        		type filter hook prerouting priority -300; policy accept;
        		iifname != "lo" ip daddr 127.0.0.0/8 counter drop
        		iifname != "lo" ip saddr 127.0.0.0/8 counter drop
        	}

        	chain prerouting {
        		type nat hook prerouting priority -100; policy accept;
        		fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @address_ports
        		fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @ports
        	}

        	chain output {
        		type nat hook output priority -100; policy accept;
        		fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @address_ports
        		fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @ports
        	}

        	chain postrouting {
        		type nat hook postrouting priority 100; policy accept;
        		oifname "portal0" ip saddr 127.0.0.0/8 masquerade
        		oifname "portal0" ip saddr 172.29.0.0/16 ct status dnat masquerade
        		oifname != { "lo", "portal0" } ip saddr 172.29.0.0/16 masquerade
        	}

        	chain forward {
        		type filter hook forward priority 0; policy accept;
        		oifname vmap { "portal0" : jump to_portal0 }
        	}

        	chain to_portal0 {
        		ct state established,related accept
        		ct status dnat accept
        		iifname "portal0" accept
        		counter drop
        	}

        }

        """, Ruleset.Render("portal0", [s_bridge], [s_everywhere, s_loopback], hasIPv6: false));

    [Fact]
    public void Render_NoPorts_HasEmptyMaps() =>
        Assert.DoesNotContain("elements", Ruleset.Render("portal0", [s_bridge], [], hasIPv6: true), StringComparison.Ordinal);

    [Fact]
    public void Render_IPv6_TranslatesNothingForItsLoopback()
    {
        var rules = Render(s_bridge, s_six).Split('\n').Where(l => l.Contains("dnat ip6", StringComparison.Ordinal)).ToList();

        Assert.Equal(4, rules.Count);
        Assert.All(rules, r => Assert.StartsWith("\t\tfib daddr type local ip6 daddr != ::1 dnat ip6 to ", r, StringComparison.Ordinal));
    }

    [Fact]
    public void Add_Sctp_IsAnElementLikeAnyOther()
    {
        var port = s_everywhere with { Protocol = "sctp" };

        Assert.Equal("add element inet portal0 ports { sctp . 8080 : 172.29.0.2 . 80 }\n", Ruleset.Add("portal0", [port]));
        Assert.Contains("\t\t\tsctp . 8080 : 172.29.0.2 . 80\n", Render(s_bridge, port), StringComparison.Ordinal);
        Assert.Equal("delete element inet portal0 ports { sctp . 8080 }\n", Ruleset.Remove("portal0", [port]));
    }

    [Fact]
    public void Render_NoBridge_HasNoEmptyMap() => Assert.DoesNotContain("vmap", Ruleset.Render("portal0", [], [], hasIPv6: true), StringComparison.Ordinal);

    [Fact]
    public void Render_Internal_LetsNothingInOrOutAndTranslatesNothing()
    {
        var text = Render(s_bridge with { IsInternal = true });

        Assert.Contains("\t\tiifname \"portal0\" oifname != \"portal0\" counter drop\n\t\toifname vmap", text, StringComparison.Ordinal);
        Assert.Contains("chain to_portal0 {\n\t\tiifname != \"portal0\" counter drop\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("oifname != { \"lo\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_WithoutIcc_DropsWhatGoesBackToItsBridge() =>
        Assert.Contains("\t\tct status dnat accept\n\t\tiifname \"portal0\" counter drop\n", Render(s_bridge with { Icc = false }), StringComparison.Ordinal);

    [Fact]
    public void Render_TrustedLinks_AreLetThrough() =>
        Assert.Contains("\t\tiifname { \"eth1\", \"wg0\" } accept\n", Render(s_bridge with { Trusted = ["eth1", "wg0"] }), StringComparison.Ordinal);

    [Theory]
    [InlineData(false, null, null)]
    [InlineData(true, null, "oifname != { \"lo\", \"portal0\" } ip saddr 172.29.0.0/16 masquerade")]
    [InlineData(true, "192.0.2.7", "oifname != { \"lo\", \"portal0\" } ip saddr 172.29.0.0/16 snat ip to 192.0.2.7")]
    public void Render_Masquerade_IsAsAsked(bool masquerade, string? source, string? rule)
    {
        var text = Render(s_bridge with { Sides = [s_side with { Masquerade = masquerade, Source = source is null ? null : IPAddress.Parse(source) }] });

        Assert.Equal(rule is not null, text.Contains("oifname != { \"lo\"", StringComparison.Ordinal));
        Assert.Contains(rule ?? "", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_Routed_OpensPublishedPortsOnly()
    {
        var text = Render(s_bridge with { Sides = [s_side with { Mode = GatewayMode.Routed }, new(Subnet.Parse("fd00::/64"), GatewayMode.NatUnprotected, true, null)] }, s_open);

        Assert.Contains("\t\tip daddr . meta l4proto . th dport @open_ports accept\n", text, StringComparison.Ordinal);
        Assert.Contains("\t\tip daddr 172.29.0.0/16 meta l4proto icmp accept\n", text, StringComparison.Ordinal);
        Assert.Contains("\t\tip6 daddr fd00::/64 accept\n", text, StringComparison.Ordinal);
        Assert.Contains("172.29.0.2 . tcp . 80\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ip saddr 172.29.0.0/16 masquerade", text, StringComparison.Ordinal);
        Assert.Contains("ip6 saddr fd00::/64 masquerade", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_LinksWhoseNamesAreAlike_HaveChainsOfTheirOwn()
    {
        var text = Ruleset.Render("t", [s_bridge with { Link = "br-1" }, s_bridge with { Link = "br_1" }, s_bridge with { Link = "br.1" }], [], hasIPv6: false);

        Assert.Equal(3, System.Text.RegularExpressions.Regex.Matches(text, "chain to_br_\\w+1 ").Select(m => m.Value).Distinct().Count());
    }

    [Fact]
    public void Add_PortsOfEveryKind_IsOneTransaction() => Assert.Equal(
        "add element inet portal0 ports { tcp . 8080 : 172.29.0.2 . 80 }\nadd element inet portal0 address_ports { 127.0.0.1 . udp . 53 : 172.29.0.3 . 5353 }\n"
        + "add element inet portal0 ports6 { tcp . 8080 : fd00::2 . 80 }\nadd element inet portal0 open_ports { 172.29.0.2 . tcp . 80 }\n",
        Ruleset.Add("portal0", [s_everywhere, s_loopback, s_six, s_open]));

    [Fact]
    public void Remove_PortsOfEveryKind_NamesTheKeysOnly() => Assert.Equal(
        "delete element inet portal0 ports { tcp . 8080 }\ndelete element inet portal0 address_ports { 127.0.0.1 . udp . 53 }\n"
        + "delete element inet portal0 ports6 { tcp . 8080 }\ndelete element inet portal0 open_ports { 172.29.0.2 . tcp . 80 }\n",
        Ruleset.Remove("portal0", [s_everywhere, s_loopback, s_six, s_open]));

    [Theory]
    [InlineData("elements = { 6 . 8080 : fd00::2 . 80 } elements = { 172.29.0.2 . 6 . 80 }", true)]
    [InlineData("elements = { 6 . 8080 : fd00::2 . 80 } elements = { 172.29.0.2 . 6 . 81 }", false)]
    [InlineData("elements = { 6 . 8080 : fd00::2 . 80 }", false)]
    public void HasExactly_OtherFamilyAndOpenPorts_AreCompared(string listing, bool expected) =>
        Assert.Equal(expected, RulesetListing.HasExactly(listing, [s_six, s_open]));

    private static string Render(BridgeRules bridge, params PortRule[] ports) => Ruleset.Render("portal0", [bridge], ports, hasIPv6: true);

    [Theory]
    [InlineData("elements = { tcp . 8080 : 172.29.0.2 . 80 } elements = { 127.0.0.1 . udp . 53 : 172.29.0.3 . 5353 }", true)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.2 . 80,\n\t\t 127.0.0.1 . 17 . 53 : 172.29.0.3 . 5353 }", true)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.2 . 80 }", false)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.9 . 80, 127.0.0.1 . 17 . 53 : 172.29.0.3 . 5353 }", false)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.2 . 80, 6 . 22 : 172.29.0.2 . 22, 127.0.0.1 . 17 . 53 : 172.29.0.3 . 5353 }", false)]
    public void HasExactly_Listing_ComparesElements(string listing, bool expected) =>
        Assert.Equal(expected, RulesetListing.HasExactly(listing, [s_everywhere, s_loopback]));
}
