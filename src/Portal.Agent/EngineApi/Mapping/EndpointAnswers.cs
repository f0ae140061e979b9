using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Places in networks, as answers show them.</summary>
internal static class EndpointAnswers
{
    private const string DefaultNetwork = "bridge";

    /// <summary>Every place of a container by the network's name, those it has and those it will have.</summary>
    public static Dictionary<string, EndpointSettings> Show(ContainerSnapshot container, IReadOnlyList<NetworkSnapshot> networks, ApiVersion version)
    {
        var shown = new Dictionary<string, EndpointSettings>();
        foreach (var asked in container.Networks)
        {
            var network = networks.FirstOrDefault(n => n.Id == asked.NetworkId) ?? networks.FirstOrDefault(n => asked.NetworkId is null && (n.Name == asked.Network || n.Id == asked.Network));
            var place = container.Attachment?.Endpoints.FirstOrDefault(e => e.NetworkId == network?.Id) ?? container.Attachment?.Endpoints.FirstOrDefault(e => e.NetworkName == asked.Network);
            var name = place?.NetworkName ?? network?.Name ?? asked.Network;
            shown[name] = Show(container, asked, place, network?.Id, hasNames: name is not (DefaultNetwork or "host" or "none"), version);
        }

        return shown;
    }

    private static EndpointSettings Show(ContainerSnapshot container, EndpointSpec asked, NetworkEndpoint? place, string? network, bool hasNames, ApiVersion version) => new()
    {
        IPAMConfig = asked is { IPv4Address: null, IPv6Address: null, LinkLocalAddresses.Count: 0 } ? null : new()
        {
            IPv4Address = asked.IPv4Address,
            IPv6Address = asked.IPv6Address,
            LinkLocalIPs = asked.LinkLocalAddresses.Count == 0 ? null : [.. asked.LinkLocalAddresses],
        },
        Links = asked.Links.Count == 0 ? null : [.. asked.Links],
        Aliases = Aliases(container, asked, hasNames, version),
        DriverOpts = asked.DriverOptions.Count == 0 ? null : new(asked.DriverOptions),
        GwPriority = asked.GatewayPriority,
        MacAddress = place?.MacAddress ?? asked.MacAddress ?? "",
        NetworkID = place?.NetworkId ?? network ?? "",
        EndpointID = place?.EndpointId ?? "",
        Gateway = place?.IPv4?.Gateway?.ToString() ?? "",
        IPAddress = place?.IPv4?.Address.ToString() ?? "",
        IPPrefixLen = place?.IPv4?.PrefixLength ?? 0,
        IPv6Gateway = place?.IPv6?.Gateway?.ToString() ?? "",
        GlobalIPv6Address = place?.IPv6?.Address.ToString() ?? "",
        GlobalIPv6PrefixLen = place?.IPv6?.PrefixLength ?? 0,
        DNSNames = version.AtLeast(44) && hasNames ? [.. container.NamesIn(asked)] : null,
    };

    // Before 1.45 the abbreviated id was one of them.
    private static List<string>? Aliases(ContainerSnapshot container, EndpointSpec asked, bool hasNames, ApiVersion version)
    {
        List<string> aliases = [.. asked.Aliases];
        if (hasNames && !version.AtLeast(45) && !aliases.Contains(container.Id.Abbreviated))
        {
            aliases.Add(container.Id.Abbreviated);
        }

        return aliases.Count == 0 ? null : aliases;
    }
}
