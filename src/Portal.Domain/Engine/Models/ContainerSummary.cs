using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>An entry of GET /containers/json.</summary>
public sealed class ContainerSummary
{
    public string Id { get; set; } = "";

    public List<string> Names { get; set; } = [];

    public string Image { get; set; } = "";

    public string ImageID { get; set; } = "";

    public string Command { get; set; } = "";

    /// <summary>Unix seconds.</summary>
    public long Created { get; set; }

    public List<PortItem> Ports { get; set; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeRw { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeRootFs { get; set; }

    public Dictionary<string, string> Labels { get; set; } = [];

    public string State { get; set; } = "";

    public string Status { get; set; } = "";

    public ContainerSummaryHostConfig HostConfig { get; set; } = new();

    public ContainerSummaryNetworks NetworkSettings { get; set; } = new();

    public List<MountPoint> Mounts { get; set; } = [];
}

/// <summary>A port in a list.</summary>
public sealed class PortItem
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IP { get; set; }

    public int PrivatePort { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PublicPort { get; set; }

    public string Type { get; set; } = "";
}

/// <summary>The one member lists show.</summary>
public sealed class ContainerSummaryHostConfig
{
    public string NetworkMode { get; set; } = "";
}

/// <summary>Networks in a list.</summary>
public sealed class ContainerSummaryNetworks
{
    public Dictionary<string, EndpointSettings> Networks { get; set; } = [];
}
