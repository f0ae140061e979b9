using System.Collections.Immutable;

namespace Portal.Domain.Containers;

/// <summary>A network that a container is to be in, and what it is to be there. Stored.</summary>
public sealed record EndpointSpec
{
    /// <summary>Name of the network, as it was asked for.</summary>
    public required string Network { get; init; }

    /// <summary>Id of the network; null until the engine has looked it up.</summary>
    public string? NetworkId { get; init; }

    /// <summary>Further names, as they were asked for.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary><c>container:alias</c>: names this container alone has for others.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>Null lets the engine choose.</summary>
    public string? IPv4Address { get; init; }

    /// <summary>Null lets the engine choose.</summary>
    public string? IPv6Address { get; init; }

    /// <summary>Further addresses that no other network knows.</summary>
    public IReadOnlyList<string> LinkLocalAddresses { get; init; } = [];

    /// <summary>Null lets the engine choose.</summary>
    public string? MacAddress { get; init; }

    /// <summary>As given: <c>com.docker.network.endpoint.…</c>.</summary>
    public IReadOnlyDictionary<string, string> DriverOptions { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Of the networks a container is in, the one with the highest leads outside.</summary>
    public int GatewayPriority { get; init; }
}
