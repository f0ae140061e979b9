using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /system/df.</summary>
public sealed class DiskUsage
{
    public long LayersSize { get; set; }

    public List<ImageSummary> Images { get; set; } = [];

    public List<ContainerSummary> Containers { get; set; } = [];

    public List<VolumeResource> Volumes { get; set; } = [];

    public List<BuildCacheItem> BuildCache { get; set; } = [];

    /// <summary>Before 1.42 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? BuilderSize { get; set; }
}
