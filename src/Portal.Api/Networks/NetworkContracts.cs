using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Portal.Api.Http;

namespace Portal.Api.Networks;

/// <summary>A network in a list.</summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Id">Full id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Driver">Such as <c>bridge</c>.</param>
/// <param name="Scope"><c>local</c>, or <c>swarm</c> for one of all nodes.</param>
/// <param name="Created">UTC.</param>
/// <param name="Internal">It does not lead outside.</param>
/// <param name="Attachable">Containers that are no service's may be in it.</param>
/// <param name="Ipv6">It has IPv6 addresses.</param>
/// <param name="Subnets">Where its addresses are from.</param>
/// <param name="Labels">Labels.</param>
public sealed record NetworkItem(
    string Host, string Id, string Name, string Driver, string Scope, DateTimeOffset Created, bool Internal, bool Attachable, bool Ipv6, IReadOnlyList<NetworkSubnet> Subnets,
    IReadOnlyDictionary<string, string> Labels);

/// <summary>Everything known of one network.</summary>
/// <param name="Network">As in the list.</param>
/// <param name="Options">Options of its driver.</param>
/// <param name="Containers">Those in it that you may see.</param>
public sealed record NetworkDetail(NetworkItem Network, IReadOnlyDictionary<string, string> Options, IReadOnlyList<NetworkMember> Containers);

/// <summary>A container in a network.</summary>
/// <param name="Id">Full id.</param>
/// <param name="Name">Its name.</param>
/// <param name="MacAddress">Null for none.</param>
/// <param name="Ipv4Address">With the length of the prefix; null for none.</param>
/// <param name="Ipv6Address">With the length of the prefix; null for none.</param>
public sealed record NetworkMember(string Id, string Name, string? MacAddress, string? Ipv4Address, string? Ipv6Address);

/// <summary>Where addresses are from.</summary>
/// <param name="Subnet">Such as <c>172.30.0.0/16</c>; left out, the engine chooses one.</param>
/// <param name="Gateway">The network's own address there; left out, the first.</param>
/// <param name="IpRange">Where containers' addresses are from; left out, all of it.</param>
/// <param name="Reserved">Addresses that no container gets, by name.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NetworkSubnet(
    [property: MaxLength(64)] string? Subnet = null, [property: MaxLength(64)] string? Gateway = null, [property: MaxLength(64)] string? IpRange = null,
    [property: MaxLength(64), NoNulls] IReadOnlyDictionary<string, string>? Reserved = null);

/// <summary>A new network.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewNetwork
{
    /// <summary>Its name.</summary>
    /// <example>shop</example>
    [Required, MaxLength(255), RegularExpression("^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")]
    public string Name { get; init; } = "";

    /// <summary>Such as <c>bridge</c>, which it is when left out.</summary>
    [MaxLength(255)]
    public string? Driver { get; init; }

    /// <summary>Where its addresses are from; left out, the engine chooses.</summary>
    [MaxLength(16), NoNulls]
    public IReadOnlyList<NetworkSubnet>? Subnets { get; init; }

    /// <summary>Who hands addresses out; left out, the engine.</summary>
    [MaxLength(255)]
    public string? AddressDriver { get; init; }

    /// <summary>It has IPv4 addresses; left out, yes.</summary>
    public bool? Ipv4 { get; init; }

    /// <summary>It has IPv6 addresses; left out, as the engine is set up.</summary>
    public bool? Ipv6 { get; init; }

    /// <summary>It does not lead outside.</summary>
    public bool Internal { get; init; }

    /// <summary>Containers that are no service's may be in it.</summary>
    public bool Attachable { get; init; }

    /// <summary>Options of its driver.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    /// <summary>Labels.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

/// <summary>What became of a new network.</summary>
/// <param name="Id">Its full id.</param>
/// <param name="Warnings">What the engine has to say.</param>
public sealed record CreatedNetwork(string Id, IReadOnlyList<string> Warnings);
