using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /volumes.</summary>
public sealed class VolumeListResponse
{
    public List<VolumeResource> Volumes { get; set; } = [];

    public List<string>? Warnings { get; set; } = [];
}

/// <summary>A volume.</summary>
public sealed class VolumeResource
{
    public string CreatedAt { get; set; } = "";

    public string Driver { get; set; } = "";

    public Dictionary<string, string>? Labels { get; set; }

    public string Mountpoint { get; set; } = "";

    public string Name { get; set; } = "";

    public Dictionary<string, string>? Options { get; set; }

    public string Scope { get; set; } = "";

    /// <summary>In GET /system/df only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VolumeUsage? UsageData { get; set; }
}

/// <summary>What a volume takes; -1 for not known.</summary>
public sealed class VolumeUsage
{
    /// <summary>Bytes.</summary>
    public long Size { get; set; }

    /// <summary>Containers that use it.</summary>
    public long RefCount { get; set; }
}

/// <summary>Answer of prune.</summary>
public sealed class VolumePruneResponse
{
    public List<string>? VolumesDeleted { get; set; }

    public long SpaceReclaimed { get; set; }
}

/// <summary>POST /volumes/create.</summary>
public sealed class VolumeCreateRequest
{
    public string? Name { get; set; }

    public string? Driver { get; set; }

    public Dictionary<string, string>? DriverOpts { get; set; }

    public Dictionary<string, string>? Labels { get; set; }
}
