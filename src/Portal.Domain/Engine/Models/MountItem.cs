using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>One entry of HostConfig.Mounts.</summary>
public sealed class MountItem
{
    public string? Type { get; set; }

    public string? Source { get; set; }

    public string? Target { get; set; }

    public bool ReadOnly { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Consistency { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MountBindOptions? BindOptions { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MountVolumeOptions? VolumeOptions { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MountTmpfsOptions? TmpfsOptions { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MountImageOptions? ImageOptions { get; set; }
}

/// <summary>Options of an image mount (1.48).</summary>
public sealed class MountImageOptions
{
    public string? Subpath { get; set; }
}

/// <summary>Options of a bind.</summary>
public sealed class MountBindOptions
{
    public string? Propagation { get; set; }

    public bool NonRecursive { get; set; }

    public bool CreateMountpoint { get; set; }

    public bool ReadOnlyNonRecursive { get; set; }

    public bool ReadOnlyForceRecursive { get; set; }
}

/// <summary>Options of a volume.</summary>
public sealed class MountVolumeOptions
{
    public bool NoCopy { get; set; }

    public Dictionary<string, string>? Labels { get; set; }

    public string? Subpath { get; set; }

    public MountDriverConfig? DriverConfig { get; set; }
}

/// <summary>Volume driver.</summary>
public sealed class MountDriverConfig
{
    public string? Name { get; set; }

    public Dictionary<string, string>? Options { get; set; }
}

/// <summary>Options of a tmpfs.</summary>
public sealed class MountTmpfsOptions
{
    public long SizeBytes { get; set; }

    public int Mode { get; set; }

    /// <summary>Mount options (1.46): each a name, or a name and a value.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<List<string>>? Options { get; set; }
}
