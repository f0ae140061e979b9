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
    public string Driver { get; set; } = "";

    public Dictionary<string, string>? Options { get; set; }

    public List<NetworkIpamConfig> Config { get; set; } = [];
}

/// <summary>A pool.</summary>
public sealed class NetworkIpamConfig
{
    public string? Subnet { get; set; }

    public string? Gateway { get; set; }
}

/// <summary>Always empty here.</summary>
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
