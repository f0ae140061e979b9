using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Portal.Api.Http;

namespace Portal.Api.Networks;

/// <summary>How a container is reached in a network.</summary>
public abstract record NetworkPlace
{
    /// <summary>Names by which others in the network find it.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? Aliases { get; init; }

    /// <summary>Containers that it finds by other names, as <c>name:alias</c>.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? Links { get; init; }

    /// <summary>Its IPv4 address; left out, the engine chooses one.</summary>
    [MaxLength(64)]
    public string? Ipv4Address { get; init; }

    /// <summary>Its IPv6 address; left out, the engine chooses one.</summary>
    [MaxLength(64)]
    public string? Ipv6Address { get; init; }

    /// <summary>Further addresses of the link.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? LinkLocalAddresses { get; init; }

    /// <summary>Its MAC address.</summary>
    [MaxLength(32)]
    public string? MacAddress { get; init; }

    /// <summary>The network with the highest number is the one that leads outside.</summary>
    public int GatewayPriority { get; init; }

    /// <summary>Options of the network's driver.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyDictionary<string, string>? DriverOptions { get; init; }
}

/// <summary>A network that a new container is in.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ContainerNetwork : NetworkPlace
{
    /// <summary>Name or id of the network.</summary>
    /// <example>shop</example>
    [Required, MaxLength(255)]
    public string Network { get; init; } = "";
}

/// <summary>A container that is to be in a network.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NetworkConnection : NetworkPlace
{
    /// <summary>Its id, the beginning of it, or its name.</summary>
    /// <example>web</example>
    [Required, MaxLength(255)]
    public string Container { get; init; } = "";
}

/// <summary>A container that is to leave a network.</summary>
/// <param name="Container" example="web">Its id, the beginning of it, or its name.</param>
/// <param name="Force">Even when it does not let go.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NetworkDisconnection([property: Required, MaxLength(255)] string Container, bool Force = false);
