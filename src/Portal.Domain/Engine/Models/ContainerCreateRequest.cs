namespace Portal.Domain.Engine.Models;

/// <summary>POST /containers/create: the config at top level, the host part beside it.</summary>
public sealed class ContainerCreateRequest : ContainerConfig
{
    public HostConfig? HostConfig { get; set; }

    public NetworkingConfig? NetworkingConfig { get; set; }

    /// <summary>The Python client says it here too. No engine reads it: the one in the host part counts.</summary>
    public string? Runtime { get; set; }
}

/// <summary>Networks to join at creation.</summary>
public sealed class NetworkingConfig
{
    public Dictionary<string, EndpointSettings?>? EndpointsConfig { get; set; }
}

/// <summary>Answer of create.</summary>
public sealed class ContainerCreateResponse
{
    public string Id { get; set; } = "";

    /// <summary>Never null.</summary>
    public List<string> Warnings { get; set; } = [];
}
