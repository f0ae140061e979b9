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
}

/// <summary>POST /volumes/create.</summary>
public sealed class VolumeCreateRequest
{
    public string? Name { get; set; }

    public string? Driver { get; set; }

    public Dictionary<string, string>? DriverOpts { get; set; }

    public Dictionary<string, string>? Labels { get; set; }
}
