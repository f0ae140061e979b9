using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Engine.Mapping;

/// <summary>A place in a network, from the wire to the spec.</summary>
public static class EndpointMapping
{
    /// <summary>Reads what a place is to be.</summary>
    public static EndpointSpec Map(string network, EndpointSettings? settings) => new()
    {
        Network = network,
        Aliases = [.. (settings?.Aliases ?? []).Distinct(StringComparer.Ordinal)],
        Links = settings?.Links ?? [],
        IPv4Address = Blank(settings?.IPAMConfig?.IPv4Address),
        IPv6Address = Blank(settings?.IPAMConfig?.IPv6Address),
        LinkLocalAddresses = settings?.IPAMConfig?.LinkLocalIPs ?? [],
        MacAddress = Blank(settings?.MacAddress),
        DriverOptions = settings?.DriverOpts ?? [],
        GatewayPriority = settings?.GwPriority ?? 0,
    };

    private static string? Blank(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
