
namespace Portal.Runtime.Networks;

/// <summary>Which of a container's networks leads outside, as Docker chooses. Pure.</summary>
internal static class GatewayChoice
{
    /// <summary>The place by which a family of addresses goes out; null when none does.</summary>
    public static NetworkEndpoint? Of(IReadOnlyList<NetworkEndpoint> endpoints, bool isIPv6) => endpoints
        .Where(e => LeadsOutside(e, isIPv6))
        .OrderByDescending(e => e.Priority)
        .ThenByDescending(e => e is { IPv4: not null, IPv6: not null })
        .ThenBy(e => e.NetworkName, StringComparer.Ordinal)
        .FirstOrDefault();

    /// <summary>The address of one family.</summary>
    public static EndpointAddress? AddressOf(this NetworkEndpoint endpoint, bool isIPv6) => isIPv6 ? endpoint.IPv6 : endpoint.IPv4;

    /// <summary>The rules of its published ports.</summary>
    public static List<PortRule> Rules(this NetworkAttachment attachment) =>
    [
        .. attachment.Endpoints.SelectMany(e => e.Ports.Select(p =>
            new PortRule(p.Protocol, p.HostAddress, p.HostPort, e.AddressOf(p.HostAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)!.Address, p.ContainerPort))),
    ];

    // In layer 3 of ipvlan the link itself is the way.
    private static bool LeadsOutside(NetworkEndpoint endpoint, bool isIPv6) =>
        !endpoint.IsInternal && endpoint.AddressOf(isIPv6) is { } address && (address.Gateway is not null || endpoint.Driver == MacvlanDriver.IpvlanName);

    /// <summary>A name for a link that no other of the container has.</summary>
    /// <param name="prefix">How it begins; numbers follow.</param>
    /// <param name="others">The container's other links.</param>
    public static string NextLink(string prefix, IReadOnlyCollection<string?> others)
    {
        for (var number = 0; ; number++)
        {
            var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{prefix}{number}");
            if (!others.Contains(name))
            {
                return name;
            }
        }
    }
}
