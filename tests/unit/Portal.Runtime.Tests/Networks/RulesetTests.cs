using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class RulesetTests
{
    private static readonly PortRule s_everywhere = new("tcp", IPAddress.Any, 8080, IPAddress.Parse("172.29.0.2"), 80);
    private static readonly PortRule s_loopback = new("udp", IPAddress.Loopback, 53, IPAddress.Parse("172.29.0.3"), 5353);

    [Fact]
    public void Render_TwoPorts_IsTheWholeTable() => Assert.Equal("""
        table ip portal0 {}
        delete table ip portal0
        table ip portal0 {
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

        	chain guard {
        		type filter hook prerouting priority -300; policy accept;
        		iifname != "lo" ip daddr 127.0.0.0/8 counter drop
        		iifname != "lo" ip saddr 127.0.0.0/8 counter drop
        	}

        	chain prerouting {
        		type nat hook prerouting priority -100; policy accept;
        		fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @address_ports
        		fib daddr type local dnat ip to meta l4proto . th dport map @ports
        	}

        	chain output {
        		type nat hook output priority -100; policy accept;
        		fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @address_ports
        		fib daddr type local dnat ip to meta l4proto . th dport map @ports
        	}

        	chain postrouting {
        		type nat hook postrouting priority 100; policy accept;
        		oifname "portal0" ip saddr 127.0.0.0/8 masquerade
        		oifname "portal0" ip saddr 172.29.0.0/16 ct status dnat masquerade
        		oifname != { "lo", "portal0" } ip saddr 172.29.0.0/16 masquerade
        	}

        	chain forward {
        		type filter hook forward priority 0; policy accept;
        		oifname "portal0" ct state established,related accept
        		oifname "portal0" ct status dnat accept
        		iifname "portal0" accept
        		oifname "portal0" counter drop
        	}
        }

        """, Ruleset.Render("portal0", Ipv4Subnet.Parse("172.29.0.0/16"), [s_everywhere, s_loopback]));

    [Fact]
    public void Render_NoPorts_HasEmptyMaps() =>
        Assert.DoesNotContain("elements", Ruleset.Render("portal0", Ipv4Subnet.Parse("172.29.0.0/16"), []), StringComparison.Ordinal);

    [Fact]
    public void Add_TwoPorts_IsOneTransaction() => Assert.Equal(
        "add element ip portal0 ports { tcp . 8080 : 172.29.0.2 . 80 }\nadd element ip portal0 address_ports { 127.0.0.1 . udp . 53 : 172.29.0.3 . 5353 }\n",
        Ruleset.Add("portal0", [s_everywhere, s_loopback]));

    [Fact]
    public void Remove_TwoPorts_NamesTheKeysOnly() => Assert.Equal(
        "delete element ip portal0 ports { tcp . 8080 }\ndelete element ip portal0 address_ports { 127.0.0.1 . udp . 53 }\n",
        Ruleset.Remove("portal0", [s_everywhere, s_loopback]));

    [Theory]
    [InlineData("elements = { tcp . 8080 : 172.29.0.2 . 80 } elements = { 127.0.0.1 . udp . 53 : 172.29.0.3 . 5353 }", true)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.2 . 80,\n\t\t 127.0.0.1 . 17 . 53 : 172.29.0.3 . 5353 }", true)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.2 . 80 }", false)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.9 . 80, 127.0.0.1 . 17 . 53 : 172.29.0.3 . 5353 }", false)]
    [InlineData("elements = { 6 . 8080 : 172.29.0.2 . 80, 6 . 22 : 172.29.0.2 . 22, 127.0.0.1 . 17 . 53 : 172.29.0.3 . 5353 }", false)]
    public void HasExactly_Listing_ComparesElements(string listing, bool expected) =>
        Assert.Equal(expected, RulesetListing.HasExactly(listing, [s_everywhere, s_loopback]));
}
