using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Portal.Runtime.Networks;

/// <summary>A published port as the rules see it.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">0.0.0.0 or :: for every local address.</param>
/// <param name="HostPort">Port it is reached at; 0 when nothing is translated, only let through.</param>
/// <param name="Address">The container's.</param>
/// <param name="Port">The container's.</param>
internal readonly record struct PortRule(string Protocol, IPAddress HostAddress, int HostPort, IPAddress Address, int Port)
{
    /// <summary>The map or set that holds it.</summary>
    public string Map => (HostPort == 0 ? Ruleset.OpenSet : IsEverywhere ? Ruleset.EveryAddressMap : Ruleset.OneAddressMap) + (IsIPv6 ? "6" : "");

    /// <summary>What is looked up.</summary>
    public string Key => HostPort == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Address} . {Protocol} . {Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{(IsEverywhere ? "" : HostAddress + " . ")}{Protocol} . {HostPort}");

    /// <summary>The element.</summary>
    public string Element => HostPort == 0 ? Key : string.Create(CultureInfo.InvariantCulture, $"{Key} : {Address} . {Port}");

    public bool IsIPv6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

    private bool IsEverywhere => HostAddress.Equals(IPAddress.Any) || HostAddress.Equals(IPAddress.IPv6Any);
}

/// <summary>A bridge as the rules see it.</summary>
/// <param name="Link">Its name.</param>
/// <param name="IsInternal">Nothing goes in or out.</param>
/// <param name="Icc">Containers on it reach each other.</param>
/// <param name="Trusted">Links of the host from which containers are reached by their own addresses.</param>
/// <param name="Sides">Its subnets.</param>
internal sealed record BridgeRules(string Link, bool IsInternal, bool Icc, IReadOnlyList<string> Trusted, IReadOnlyList<BridgeSide> Sides);

/// <summary>What a bridge is in one family.</summary>
/// <param name="Subnet">Its addresses.</param>
/// <param name="Mode">How they are led outside.</param>
/// <param name="Masquerade">What leaves has the host's address.</param>
/// <param name="Source">Which one; null for that of the link it leaves by.</param>
internal readonly record struct BridgeSide(Subnet Subnet, GatewayMode Mode, bool Masquerade, IPAddress? Source)
{
    /// <summary>How nft calls the family.</summary>
    public string Family => Subnet.IsIPv6 ? "ip6" : "ip";
}

/// <summary>
/// The nft text of the one table that is ours. Its rules change with the networks; published ports are elements
/// of maps, so that a change costs the same with one port and with ten thousand. No I/O.
/// </summary>
internal static class Ruleset
{
    public const string EveryAddressMap = "ports";
    public const string OneAddressMap = "address_ports";
    public const string OpenSet = "open_ports";

    /// <summary>Puts the whole table in place in one transaction, whatever was there before.</summary>
    /// <param name="table">Its name.</param>
    /// <param name="bridges">Of all networks.</param>
    /// <param name="ports">Published.</param>
    /// <param name="hasIPv6">The kernel knows IPv6.</param>
    public static string Render(string table, IReadOnlyList<BridgeRules> bridges, IEnumerable<PortRule> ports, bool hasIPv6)
    {
        var elements = ports.ToLookup(p => p.Map, p => p.Element);
        var text = new StringBuilder();
        // In earlier versions the table was one of IPv4 alone.
        text.Append(CultureInfo.InvariantCulture, $"table ip {table} {{}}\ndelete table ip {table}\ntable inet {table} {{}}\ndelete table inet {table}\ntable inet {table} {{\n");
        foreach (var (suffix, type) in hasIPv6 ? s_families : s_families[..1])
        {
            Elements(text, "map", EveryAddressMap + suffix, $"inet_proto . inet_service : {type} . inet_service", elements);
            Elements(text, "map", OneAddressMap + suffix, $"{type} . inet_proto . inet_service : {type} . inet_service", elements);
            Elements(text, "set", OpenSet + suffix, $"{type} . inet_proto . inet_service", elements);
        }

        Chain(text, "guard", "type filter hook prerouting priority -300; policy accept;",
            "iifname != \"lo\" ip daddr 127.0.0.0/8 counter drop",
            "iifname != \"lo\" ip saddr 127.0.0.0/8 counter drop");
        string[] translation =
        [
            $"fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @{OneAddressMap}",
            $"fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @{EveryAddressMap}",
            // The kernel takes no answer from outside for ::1, so that nothing behind it could be reached: that is relayed.
            .. hasIPv6 ? (string[])
            [
                $"fib daddr type local ip6 daddr != ::1 dnat ip6 to ip6 daddr . meta l4proto . th dport map @{OneAddressMap}6",
                $"fib daddr type local ip6 daddr != ::1 dnat ip6 to meta l4proto . th dport map @{EveryAddressMap}6",
            ] : [],
        ];
        Chain(text, "prerouting", "type nat hook prerouting priority -100; policy accept;", translation);
        Chain(text, "output", "type nat hook output priority -100; policy accept;", translation);
        Chain(text, "postrouting", "type nat hook postrouting priority 100; policy accept;", [.. bridges.SelectMany(Leaving)]);
        Chain(text, "forward", "type filter hook forward priority 0; policy accept;",
        [
            .. bridges.Where(b => b.IsInternal).Select(b => $"iifname \"{b.Link}\" oifname != \"{b.Link}\" counter drop"),
            .. bridges.Count == 0 ? (string[])[] : [$"oifname vmap {{ {string.Join(", ", bridges.Select(b => $"\"{b.Link}\" : jump {ChainOf(b)}"))} }}"],
        ]);
        foreach (var bridge in bridges)
        {
            Chain(text, ChainOf(bridge), null, [.. Arriving(bridge, hasIPv6)]);
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>Publishes ports, in one transaction.</summary>
    public static string Add(string table, IEnumerable<PortRule> ports) =>
        Join(ports, p => $"add element inet {table} {p.Map} {{ {p.Element} }}\n");

    /// <summary>Takes published ports away, in one transaction. Fails as a whole when one is absent.</summary>
    public static string Remove(string table, IEnumerable<PortRule> ports) =>
        Join(ports, p => $"delete element inet {table} {p.Map} {{ {p.Key} }}\n");

    /// <summary>Removes the table; absent is success.</summary>
    public static string RemoveTable(string table) => $"table inet {table} {{}}\ndelete table inet {table}\n";

    private static readonly (string Suffix, string Type)[] s_families = [("", "ipv4_addr"), ("6", "ipv6_addr")];

    /// <summary>What happens to the sender's address of a packet that leaves a bridge, or comes to it by the host.</summary>
    private static IEnumerable<string> Leaving(BridgeRules bridge)
    {
        foreach (var side in bridge.Sides)
        {
            if (!side.Subnet.IsIPv6)
            {
                yield return $"oifname \"{bridge.Link}\" ip saddr 127.0.0.0/8 masquerade";
            }

            yield return $"oifname \"{bridge.Link}\" {side.Family} saddr {side.Subnet} ct status dnat masquerade";
            if (side is { Masquerade: true, Mode: GatewayMode.Nat or GatewayMode.NatUnprotected } && !bridge.IsInternal)
            {
                yield return $"oifname != {{ \"lo\", \"{bridge.Link}\" }} {side.Family} saddr {side.Subnet} {(side.Source is { } source ? $"snat {side.Family} to {source}" : "masquerade")}";
            }
        }
    }

    /// <summary>What is let through to a bridge.</summary>
    private static IEnumerable<string> Arriving(BridgeRules bridge, bool hasIPv6)
    {
        if (bridge.IsInternal)
        {
            yield return $"iifname != \"{bridge.Link}\" counter drop";
        }

        yield return "ct state established,related accept";
        // Translated is what somebody published: that is for everybody, containers of other networks too.
        yield return "ct status dnat accept";
        yield return bridge.Icc ? $"iifname \"{bridge.Link}\" accept" : $"iifname \"{bridge.Link}\" counter drop";
        if (bridge.Trusted.Count > 0)
        {
            yield return $"iifname {{ {string.Join(", ", bridge.Trusted.Select(t => $"\"{t}\""))} }} accept";
        }

        foreach (var side in bridge.Sides.Where(s => hasIPv6 || !s.Subnet.IsIPv6))
        {
            switch (side.Mode)
            {
                case GatewayMode.NatUnprotected:
                    yield return $"{side.Family} daddr {side.Subnet} accept";
                    break;
                case GatewayMode.Routed:
                    yield return $"{side.Family} daddr {side.Subnet} meta l4proto {(side.Subnet.IsIPv6 ? "ipv6-icmp" : "icmp")} accept";
                    yield return $"{side.Family} daddr . meta l4proto . th dport @{OpenSet}{(side.Subnet.IsIPv6 ? "6" : "")} accept";
                    break;
                case GatewayMode.Nat or GatewayMode.Isolated:
                    break;
            }
        }

        yield return "counter drop";
    }

    // Names of chains are words of nft's own language.
    private static string ChainOf(BridgeRules bridge) => "to_" + string.Concat(bridge.Link.Select(c => char.IsAsciiLetterOrDigit(c) ? c.ToString() : $"_{(int)c:x2}"));

    private static void Chain(StringBuilder text, string name, string? hook, params ReadOnlySpan<string> rules)
    {
        text.Append(CultureInfo.InvariantCulture, $"\tchain {name} {{\n");
        if (hook is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\t\t{hook}\n");
        }

        foreach (var rule in rules)
        {
            text.Append(CultureInfo.InvariantCulture, $"\t\t{rule}\n");
        }

        text.Append("\t}\n\n");
    }

    private static void Elements(StringBuilder text, string kind, string name, string type, ILookup<string, string> elements)
    {
        text.Append(CultureInfo.InvariantCulture, $"\t{kind} {name} {{\n\t\ttype {type}\n");
        if (elements[name].Any())
        {
            text.Append("\t\telements = {\n\t\t\t").AppendJoin(",\n\t\t\t", elements[name]).Append("\n\t\t}\n");
        }

        text.Append("\t}\n\n");
    }

    private static string Join(IEnumerable<PortRule> ports, Func<PortRule, string> line) =>
        ports.Aggregate(new StringBuilder(), (text, port) => text.Append(line(port))).ToString();
}
