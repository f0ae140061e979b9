using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Whether a container can be in a network as was asked, in Docker's words. Pure.</summary>
internal static class EndpointValidation
{
    private const string LinkNameKey = "com.docker.network.endpoint.ifname";

    /// <summary>Checks a place against the network it is in.</summary>
    /// <exception cref="ErrorException">400: everything that is wrong; 403: the network holds settings for others only.</exception>
    public static void Check(EndpointSpec endpoint, NetworkSpec network)
    {
        if (network.ConfigOnly)
        {
            throw NetworkErrors.Forbidden("config_only", "cannot create endpoint on configuration-only network");
        }

        List<string> mistakes = [];
        var isOwn = !NetworkStore.IsPredefined(network.Name);
        if (!isOwn && (endpoint.IPv4Address is not null || endpoint.IPv6Address is not null || endpoint.LinkLocalAddresses.Count > 0))
        {
            mistakes.Add("user specified IP address is supported on user defined networks only");
        }

        if (!isOwn && endpoint.Aliases.Count > 0)
        {
            mistakes.Add("network-scoped alias is supported only for containers in user defined networks");
        }

        foreach (var alias in endpoint.Aliases)
        {
            if (alias.Length == 0 || alias.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            {
                mistakes.Add($"invalid alias \"{alias}\"");
            }
        }

        CheckAddress(endpoint.IPv4Address, isIPv6: false, isOwn, network, mistakes);
        CheckAddress(endpoint.IPv6Address, isIPv6: true, isOwn, network, mistakes);
        foreach (var address in endpoint.LinkLocalAddresses)
        {
            if (!Subnet.TryParseAddress(address, out var parsed) || !(parsed.IsIPv6LinkLocal || (parsed.GetAddressBytes() is [169, 254, _, _])))
            {
                mistakes.Add($"invalid link-local IP address: {address}");
            }
        }

        if (endpoint.MacAddress is { } mac && MacAddress.TryParse(mac) is null)
        {
            mistakes.Add($"invalid MAC address: {mac}");
        }

        if (endpoint.DriverOptions.GetValueOrDefault(LinkNameKey) is { Length: > 0 } link && (!OptionReader.IsLink(link) || link == "lo"))
        {
            mistakes.Add($"invalid interface name: {link}");
        }

        if (NamespaceLinks.CheckSysctls(endpoint.DriverOptions) is { } sysctl)
        {
            mistakes.Add(sysctl);
        }

        foreach (var text in endpoint.Links)
        {
            if (LinkName.TryParse(text) is null)
            {
                mistakes.Add($"bad format for links: {text}");
            }
        }

        if (mistakes.Count > 0)
        {
            throw NetworkErrors.Invalid($"invalid config for network {network.Name}: invalid endpoint settings:\n{string.Join('\n', mistakes)}");
        }
    }

    /// <summary>The name that was asked for a container's link; null for any.</summary>
    public static string? LinkOf(EndpointSpec endpoint) => endpoint.DriverOptions.GetValueOrDefault(LinkNameKey) is { Length: > 0 } link ? link : null;

    private static void CheckAddress(string? text, bool isIPv6, bool isOwn, NetworkSpec network, List<string> mistakes)
    {
        if (text is null)
        {
            return;
        }

        if (!Subnet.TryParseAddress(text, out var address) || address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 != isIPv6)
        {
            mistakes.Add($"invalid {(isIPv6 ? "IPv6" : "IPv4")} address: {text}");
            return;
        }

        if (!isOwn)
        {
            return;
        }

        var pools = network.Pools.Where(p => !p.IsAutomatic).Select(p => Subnet.Parse(p.Subnet)).Where(s => s.IsIPv6 == isIPv6).ToList();
        if (pools.Count == 0)
        {
            mistakes.Add("user specified IP address is supported only when connecting to networks with user configured subnets");
        }
        else if (!pools.Exists(p => p.Contains(address)))
        {
            mistakes.Add($"no configured subnet or ip-range contain the IP address {text}");
        }
    }
}

/// <summary>A name for another container.</summary>
/// <param name="Container">Name or id.</param>
/// <param name="Alias">The name.</param>
internal readonly record struct LinkName(string Container, string Alias)
{
    /// <summary>Reads <c>container</c> or <c>container:alias</c>; null when it is neither.</summary>
    public static LinkName? TryParse(string text) => text.Split(':') switch
    {
        [{ Length: > 0 } container] => new(container.TrimStart('/'), container.TrimStart('/')),
        // The form in which old engines listed them.
        [{ Length: > 0 } container, { Length: > 0 } alias] => new(container.TrimStart('/'), alias[(alias.LastIndexOf('/') + 1)..]),
        _ => null,
    };
}
