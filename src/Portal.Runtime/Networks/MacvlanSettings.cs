using System.Globalization;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Options of a macvlan or ipvlan network, understood. Pure.</summary>
/// <param name="Parent">The host's link under it.</param>
/// <param name="IsDummy">Nobody named one: the network is internal, on a link that leads nowhere.</param>
/// <param name="Vlan">Link below the parent and the number of the VLAN it is, as in <c>eth0.50</c>; null for another name.</param>
/// <param name="Mode">In the kernel's numbers.</param>
/// <param name="Flag">Of ipvlan, in the kernel's numbers.</param>
/// <param name="Mtu">0 for that of the parent.</param>
internal sealed record MacvlanSettings(string Parent, bool IsDummy, (string Link, int Number)? Vlan, int Mode, int Flag, int Mtu)
{
    /// <summary>Reads the options of a network.</summary>
    /// <exception cref="ErrorException">400: one of them is wrong.</exception>
    public static MacvlanSettings Of(string id, NetworkSpec spec)
    {
        var options = spec.Options;
        var isMacvlan = spec.Driver == MacvlanDriver.MacvlanName;
        var mode = options.GetValueOrDefault(spec.Driver + "_mode");
        var number = isMacvlan
            ? mode switch
            {
                null or "" or "bridge" => 4,
                "private" => 1,
                "vepa" => 2,
                "passthru" => 8,
                _ => throw NetworkErrors.Invalid($"requested macvlan mode '{mode}' is not valid, 'bridge' mode is the macvlan driver default"),
            }
            : mode switch
            {
                null or "" or "l2" => 0,
                "l3" => 1,
                "l3s" => 2,
                _ => throw NetworkErrors.Invalid($"requested ipvlan mode '{mode}' is not valid, 'l2' mode is the ipvlan driver default"),
            };
        var flag = isMacvlan
            ? 0
            : options.GetValueOrDefault("ipvlan_flag") switch
            {
                null or "" or "bridge" => 0,
                "private" => 1,
                "vepa" => 2,
                var text => throw NetworkErrors.Invalid($"requested ipvlan flag '{text}' is not valid, 'bridge' is the ipvlan driver default flag"),
            };
        var mtu = options.Mtu(BridgeSettings.MtuKey);
        _ = options.Link(BridgeSettings.LinkPrefixKey, length: 12);
        var parent = options.Link("parent");
        return parent is null
            ? new((isMacvlan ? "dm-" : "di-") + id[..12], IsDummy: true, null, number, flag, mtu)
            : parent == "lo"
                ? throw NetworkErrors.Invalid($"loopback interface is not a valid {spec.Driver} parent link")
                : new(parent, IsDummy: false, VlanOf(parent), number, flag, mtu);
    }

    /// <summary>In ipvlan's layer 3 there are no neighbours: everything goes out by the link itself.</summary>
    public static bool HasGateway(NetworkSpec spec) => spec.Driver != MacvlanDriver.IpvlanName || spec.Options.GetValueOrDefault("ipvlan_mode") is null or "" or "l2";

    private static (string Link, int Number)? VlanOf(string parent)
    {
        var dot = parent.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && int.TryParse(parent.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 4094
            ? (parent[..dot], number)
            : null;
    }
}
