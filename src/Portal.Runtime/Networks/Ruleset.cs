using System.Globalization;
using System.Net;
using System.Text;

namespace Portal.Runtime.Networks;

/// <summary>A published port as the rules see it.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">0.0.0.0 for every local address.</param>
/// <param name="HostPort">Port it is reached at.</param>
/// <param name="Address">The container's.</param>
/// <param name="Port">The container's.</param>
internal readonly record struct PortRule(string Protocol, IPAddress HostAddress, int HostPort, IPAddress Address, int Port)
{
    /// <summary>The map that holds it.</summary>
    public string Map => HostAddress.Equals(IPAddress.Any) ? Ruleset.EveryAddressMap : Ruleset.OneAddressMap;

    /// <summary>What is looked up.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture,
        $"{(HostAddress.Equals(IPAddress.Any) ? "" : HostAddress + " . ")}{Protocol} . {HostPort}");

    /// <summary>The map's element.</summary>
    public string Element => string.Create(CultureInfo.InvariantCulture, $"{Key} : {Address} . {Port}");
}

/// <summary>
/// The nft text of the one table that is ours. The rules never change while the agent runs; published ports are elements
/// of two maps, so that a change costs the same with one port and with ten thousand. No I/O.
/// </summary>
internal static class Ruleset
{
    public const string EveryAddressMap = "ports";
    public const string OneAddressMap = "address_ports";

    /// <summary>Puts the whole table in place in one transaction, whatever was there before.</summary>
    public static string Render(string bridge, Ipv4Subnet subnet, IEnumerable<PortRule> ports)
    {
        var rules = ports.ToList();
        return $$"""
            table ip {{bridge}} {}
            delete table ip {{bridge}}
            table ip {{bridge}} {
            	map {{EveryAddressMap}} {
            		type inet_proto . inet_service : ipv4_addr . inet_service
            {{Elements(rules, EveryAddressMap)}}	}

            	map {{OneAddressMap}} {
            		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
            {{Elements(rules, OneAddressMap)}}	}

            	chain guard {
            		type filter hook prerouting priority -300; policy accept;
            		iifname != "lo" ip daddr 127.0.0.0/8 counter drop
            		iifname != "lo" ip saddr 127.0.0.0/8 counter drop
            	}

            	chain prerouting {
            		type nat hook prerouting priority -100; policy accept;
            		fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @{{OneAddressMap}}
            		fib daddr type local dnat ip to meta l4proto . th dport map @{{EveryAddressMap}}
            	}

            	chain output {
            		type nat hook output priority -100; policy accept;
            		fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @{{OneAddressMap}}
            		fib daddr type local dnat ip to meta l4proto . th dport map @{{EveryAddressMap}}
            	}

            	chain postrouting {
            		type nat hook postrouting priority 100; policy accept;
            		oifname "{{bridge}}" ip saddr 127.0.0.0/8 masquerade
            		oifname "{{bridge}}" ip saddr {{subnet}} ct status dnat masquerade
            		oifname != { "lo", "{{bridge}}" } ip saddr {{subnet}} masquerade
            	}

            	chain forward {
            		type filter hook forward priority 0; policy accept;
            		oifname "{{bridge}}" ct state established,related accept
            		oifname "{{bridge}}" ct status dnat accept
            		iifname "{{bridge}}" accept
            		oifname "{{bridge}}" counter drop
            	}
            }

            """;
    }

    /// <summary>Publishes ports, in one transaction.</summary>
    public static string Add(string bridge, IEnumerable<PortRule> ports) =>
        Join(ports, p => $"add element ip {bridge} {p.Map} {{ {p.Element} }}\n");

    /// <summary>Takes published ports away, in one transaction. Fails as a whole when one is absent.</summary>
    public static string Remove(string bridge, IEnumerable<PortRule> ports) =>
        Join(ports, p => $"delete element ip {bridge} {p.Map} {{ {p.Key} }}\n");

    /// <summary>Removes the table; absent is success.</summary>
    public static string RemoveTable(string bridge) => $"table ip {bridge} {{}}\ndelete table ip {bridge}\n";

    private static string Elements(List<PortRule> ports, string map)
    {
        var elements = string.Join(",\n\t\t\t", ports.Where(p => p.Map == map).Select(p => p.Element));
        return elements.Length == 0 ? "" : $"\t\telements = {{\n\t\t\t{elements}\n\t\t}}\n";
    }

    private static string Join(IEnumerable<PortRule> ports, Func<PortRule, string> line) =>
        ports.Aggregate(new StringBuilder(), (text, port) => text.Append(line(port))).ToString();
}
