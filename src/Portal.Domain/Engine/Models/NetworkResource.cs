using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /networks and /networks/{id}.</summary>
public sealed class NetworkResource
{
    public string Name { get; set; } = "";

    public string Id { get; set; } = "";

    public string Created { get; set; } = "";

    public string Scope { get; set; } = "";

    public string Driver { get; set; } = "";

    public bool EnableIPv4 { get; set; }

    public bool EnableIPv6 { get; set; }

    public NetworkIpam IPAM { get; set; } = new();

    public bool Internal { get; set; }

    public bool Attachable { get; set; }

    public bool Ingress { get; set; }

    public NetworkConfigFrom ConfigFrom { get; set; } = new();

    public bool ConfigOnly { get; set; }

    public Dictionary<string, NetworkContainer> Containers { get; set; } = [];

    public Dictionary<string, string> Options { get; set; } = [];

    public Dictionary<string, string> Labels { get; set; } = [];
}

/// <summary>Address management.</summary>
public sealed class NetworkIpam
{
    public string? Driver { get; set; } = "";

    public Dictionary<string, string>? Options { get; set; }

    public List<NetworkIpamConfig>? Config { get; set; } = [];
}

/// <summary>A pool.</summary>
public sealed class NetworkIpamConfig
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Subnet { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IPRange { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Gateway { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? AuxiliaryAddresses { get; set; }
}

/// <summary>POST /networks/create.</summary>
public sealed class NetworkCreateRequest
{
    public string? Name { get; set; }

    /// <summary>Names are unique here whatever it says.</summary>
    public bool CheckDuplicate { get; set; }

    public string? Driver { get; set; }

    public string? Scope { get; set; }

    public bool Internal { get; set; }

    public bool Attachable { get; set; }

    public bool Ingress { get; set; }

    public bool ConfigOnly { get; set; }

    public NetworkConfigFrom? ConfigFrom { get; set; }

    public NetworkIpam? IPAM { get; set; }

    public bool? EnableIPv4 { get; set; }

    public bool? EnableIPv6 { get; set; }

    public Dictionary<string, string>? Options { get; set; }

    public Dictionary<string, string>? Labels { get; set; }
}

/// <summary>Answer of create.</summary>
public sealed class NetworkCreateResponse
{
    public string Id { get; set; } = "";

    public string Warning { get; set; } = "";
}

/// <summary>POST /networks/{id}/connect.</summary>
public sealed class NetworkConnectRequest
{
    public string? Container { get; set; }

    public EndpointSettings? EndpointConfig { get; set; }
}

/// <summary>POST /networks/{id}/disconnect.</summary>
public sealed class NetworkDisconnectRequest
{
    public string? Container { get; set; }

    public bool Force { get; set; }
}

/// <summary>The network that another has its settings from; empty for none.</summary>
public sealed class NetworkConfigFrom
{
    public string Network { get; set; } = "";
}

/// <summary>An endpoint.</summary>
public sealed class NetworkContainer
{
    public string Name { get; set; } = "";

    public string EndpointID { get; set; } = "";

    public string MacAddress { get; set; } = "";

    public string IPv4Address { get; set; } = "";

    public string IPv6Address { get; set; } = "";
}

/// <summary>Answer of prune.</summary>
public sealed class NetworkPruneResponse
{
    public List<string>? NetworksDeleted { get; set; }
}
