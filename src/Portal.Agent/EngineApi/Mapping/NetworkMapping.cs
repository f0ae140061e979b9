using System.Globalization;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>A network as lists and inspect show it, and as requests describe it.</summary>
internal static class NetworkMapping
{
    /// <param name="network">The network.</param>
    /// <param name="containers">Named in the endpoints; null leaves the endpoints out, as lists do.</param>
    public static NetworkResource Map(NetworkSnapshot network, IReadOnlyList<ContainerSnapshot>? containers) => new()
    {
        Name = network.Name,
        Id = network.Id,
        Created = EngineTime.Format(network.Created),
        Scope = "local",
        Driver = network.Driver,
        EnableIPv4 = network.Spec.EnableIPv4,
        EnableIPv6 = network.Spec.EnableIPv6,
        Internal = network.Spec.Internal,
        Attachable = network.Spec.Attachable,
        ConfigOnly = network.Spec.ConfigOnly,
        ConfigFrom = new() { Network = network.Spec.ConfigFrom ?? "" },
        IPAM = new()
        {
            Driver = network.Spec.IpamDriver,
            Options = network.IsPredefined ? null : new(network.Spec.IpamOptions),
            Config = [.. network.Spec.Pools.Select(p => new NetworkIpamConfig
            {
                Subnet = Blank(p.Subnet), IPRange = Blank(p.Range), Gateway = Blank(p.Gateway), AuxiliaryAddresses = p.Auxiliary is { Count: > 0 } others ? new(others) : null,
            })],
        },
        Containers = containers is null ? [] : network.Members.ToDictionary(m => m.Container.Value, m => Endpoint(m, containers)),
        Options = new(network.Spec.Options),
        Labels = new(network.Spec.Labels),
    };

    /// <summary>What a request asks for.</summary>
    public static NetworkSpec Map(NetworkCreateRequest request)
    {
        if (request.Ingress || request.Scope is "swarm" or "global")
        {
            throw new Portal.Domain.Primitives.ErrorException(
                Portal.Domain.Primitives.ErrorKind.Unavailable, "network.no_swarm",
                "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.");
        }

        return new()
        {
            Name = request.Name ?? "",
            Driver = Blank(request.Driver) ?? "bridge",
            Options = request.Options ?? [],
            Labels = request.Labels ?? [],
            Internal = request.Internal,
            Attachable = request.Attachable,
            ConfigOnly = request.ConfigOnly,
            ConfigFrom = Blank(request.ConfigFrom?.Network),
            EnableIPv4 = request.EnableIPv4 ?? true,
            EnableIPv6 = request.EnableIPv6 ?? false,
            IpamDriver = Blank(request.IPAM?.Driver) ?? "default",
            IpamOptions = request.IPAM?.Options ?? [],
            Pools = [.. (request.IPAM?.Config ?? []).Select(c => new NetworkPool(c.Subnet ?? "", Blank(c.Gateway), Blank(c.IPRange), c.AuxiliaryAddresses))],
        };
    }

    private static NetworkContainer Endpoint(NetworkMember member, IReadOnlyList<ContainerSnapshot> containers) => new()
    {
        Name = containers.FirstOrDefault(c => c.Id == member.Container)?.Name ?? "",
        EndpointID = member.Endpoint.EndpointId,
        MacAddress = member.Endpoint.MacAddress ?? "",
        IPv4Address = Address(member.Endpoint.IPv4),
        IPv6Address = Address(member.Endpoint.IPv6),
    };

    private static string Address(EndpointAddress? address) => address is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{address.Address}/{address.PrefixLength}");

    private static string? Blank(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
