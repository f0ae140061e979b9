using System.Globalization;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>A network as lists and inspect show it.</summary>
internal static class NetworkMapping
{
    /// <param name="network">The network.</param>
    /// <param name="containers">Named in the endpoints; null leaves the endpoints out, as lists do.</param>
    /// <param name="bridge">Name of the default bridge's link.</param>
    public static NetworkResource Map(NetworkSnapshot network, IReadOnlyList<ContainerSnapshot>? containers, string bridge) => new()
    {
        Name = network.Name,
        Id = network.Id,
        Created = EngineTime.Format(network.Created),
        Scope = "local",
        Driver = network.Driver,
        EnableIPv4 = true,
        IPAM = new()
        {
            Driver = "default",
            Config = network.Subnet is null ? [] : [new() { Subnet = network.Subnet, Gateway = network.Gateway?.ToString() }],
        },
        Containers = containers is null ? [] : network.Endpoints.ToDictionary(e => e.Container.Value, e => Endpoint(e, containers)),
        Options = network is { Name: "bridge", Driver: "bridge" } ? BridgeOptions(bridge) : [],
    };

    private static Dictionary<string, string> BridgeOptions(string bridge) => new()
    {
        ["com.docker.network.bridge.default_bridge"] = "true",
        ["com.docker.network.bridge.enable_icc"] = "true",
        ["com.docker.network.bridge.enable_ip_masquerade"] = "true",
        ["com.docker.network.bridge.host_binding_ipv4"] = "0.0.0.0",
        ["com.docker.network.bridge.name"] = bridge,
    };

    private static NetworkContainer Endpoint(NetworkAttachment endpoint, IReadOnlyList<ContainerSnapshot> containers) => new()
    {
        Name = containers.FirstOrDefault(c => c.Id == endpoint.Container)?.Name ?? "",
        EndpointID = endpoint.EndpointId,
        MacAddress = endpoint.MacAddress ?? "",
        IPv4Address = endpoint.Address is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{endpoint.Address}/{endpoint.PrefixLength}"),
    };
}
