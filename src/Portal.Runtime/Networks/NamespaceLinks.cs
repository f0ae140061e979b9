using System.Net;
using Portal.Domain.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>Addresses, settings and routes inside a container's namespace. To be called on a thread that is there.</summary>
internal static class NamespaceLinks
{
    private const string SysctlsKey = "com.docker.network.endpoint.sysctls";

    /// <summary>Gives a new link its addresses and sets it up.</summary>
    public static void Furnish(RouteSocket inside, NetworkEndpoint endpoint, EndpointSpec spec)
    {
        var name = endpoint.Link!;
        var link = inside.FindLink(name) ?? throw new LinuxException("get link", name, Errno.ENODEV);
        if (endpoint.HostLink is null)
        {
            // Nothing on the host tells of it, so an agent that comes later must find it here.
            inside.SetAlias(link, MacvlanDriver.AliasPrefix + endpoint.EndpointId);
        }

        if (endpoint.IPv6 is not null)
        {
            NetworkSysctl.Write($"net/ipv6/conf/{name}/disable_ipv6", "0");
        }

        if (spec.MacAddress is not null)
        {
            // Others may remember another hardware address for this one.
            NetworkSysctl.Write($"net/ipv4/conf/{name}/arp_notify", "1");
        }

        inside.SetUp(link.Index, name);
        foreach (var isIPv6 in (bool[])[false, true])
        {
            if (endpoint.AddressOf(isIPv6) is { } address)
            {
                inside.AddAddress(link.Index, address.Address, address.PrefixLength, isIPv6 ? null : new Subnet(address.Address, address.PrefixLength).Last);
            }
        }

        foreach (var text in spec.LinkLocalAddresses)
        {
            var address = IPAddress.Parse(text);
            var isIPv6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
            inside.AddAddress(link.Index, address, isIPv6 ? 64 : 16, null);
        }

        foreach (var setting in (spec.DriverOptions.GetValueOrDefault(SysctlsKey) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var sign = setting.IndexOf('=', StringComparison.Ordinal);
            // Names of links may have dots, which the form with slashes keeps.
            NetworkSysctl.Write(setting[..sign].Replace('.', '/').Replace("IFNAME", name, StringComparison.Ordinal), setting[(sign + 1)..]);
        }
    }

    /// <summary>Leads what is for outside by the network that is to.</summary>
    public static void Lead(RouteSocket inside, IReadOnlyList<NetworkEndpoint> endpoints)
    {
        foreach (var isIPv6 in (bool[])[false, true])
        {
            if (GatewayChoice.Of(endpoints, isIPv6) is { } way)
            {
                var link = inside.FindLink(way.Link!) ?? throw new LinuxException("get link", way.Link!, Errno.ENODEV);
                inside.SetDefaultRoute(way.AddressOf(isIPv6)!.Gateway, isIPv6, link.Index);
            }
        }
    }

    /// <summary>Removes links of ours that lead to none of these places.</summary>
    /// <returns>Places to which a link would have to be here that is not.</returns>
    public static IReadOnlyList<NetworkEndpoint> Sweep(RouteSocket inside, IReadOnlyList<NetworkEndpoint> endpoints)
    {
        var live = endpoints.Select(e => MacvlanDriver.AliasPrefix + e.EndpointId).ToHashSet(StringComparer.Ordinal);
        var all = inside.ListLinks();
        var stale = all.Where(l => l.Alias.StartsWith(MacvlanDriver.AliasPrefix, StringComparison.Ordinal) && !live.Contains(l.Alias)).ToList();
        stale.ForEach(l => inside.DeleteLink(l.Name));
        // Pairs are known by their other end.
        return [.. endpoints.Where(e => e is { Link: not null, HostLink: null } && !all.Any(l => l.Alias == MacvlanDriver.AliasPrefix + e.EndpointId))];
    }

    /// <summary>Checks the settings of a link that were asked for; null when they are good, or what is wrong.</summary>
    public static string? CheckSysctls(IReadOnlyDictionary<string, string> options)
    {
        foreach (var setting in (options.GetValueOrDefault(SysctlsKey) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // Of this link only: others are not this network's business.
            var key = setting.Split('=', 2) is [var name, { Length: > 0 }] ? name.Split('.') : [];
            if (key is not ["net", "ipv4" or "ipv6" or "mpls", _, "IFNAME", _])
            {
                return $"invalid sysctl setting '{setting}': it must be of the form net.<ipv4|ipv6|mpls>.<group>.IFNAME.<name>=<value>";
            }
        }

        return null;
    }
}
