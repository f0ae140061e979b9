using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>What the header X-Docker-Container-Path-Stat holds in base64.</summary>
public sealed class PathStatusItem
{
    [JsonPropertyName("name")] public string Name { get; set; } = "";

    [JsonPropertyName("size")] public long Size { get; set; }

    /// <summary>Go's FileMode.</summary>
    [JsonPropertyName("mode")] public uint Mode { get; set; }

    /// <summary>RFC 3339 with nanoseconds.</summary>
    [JsonPropertyName("mtime")] public string Mtime { get; set; } = "";

    [JsonPropertyName("linkTarget")] public string LinkTarget { get; set; } = "";
}

/// <summary>An entry of GET /containers/{id}/changes.</summary>
public sealed class ContainerChangeItem
{
    public string Path { get; set; } = "";

    /// <summary>0 modified, 1 added, 2 deleted.</summary>
    public int Kind { get; set; }
}
