using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /control/v1/volumes/{name}/files: a part of a folder.</summary>
public sealed class ControlVolumeListing
{
    public List<ControlVolumeEntry> Entries { get; set; } = [];

    /// <summary>How many there are in all.</summary>
    public int Total { get; set; }

    /// <summary>What to give as <c>after</c> for the next part, base64; null at the end.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; set; }
}

/// <summary>A file in a volume, of whatever kind.</summary>
public sealed class ControlVolumeEntry
{
    /// <summary>As text; what is none is replaced.</summary>
    public string Name { get; set; } = "";

    /// <summary>The bytes of a name that is no text, base64.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NameBytes { get; set; }

    /// <summary><c>file</c>, <c>folder</c>, <c>link</c>, <c>fifo</c>, <c>socket</c>, <c>characterDevice</c> or <c>blockDevice</c>.</summary>
    public string Kind { get; set; } = "";

    public long Size { get; set; }

    /// <summary>Permission bits.</summary>
    public int Mode { get; set; }

    public long UserId { get; set; }

    public long GroupId { get; set; }

    /// <summary>RFC 3339.</summary>
    public string Modified { get; set; } = "";

    /// <summary>What a symbolic link says.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LinkTarget { get; set; }
}

/// <summary>Answer of PUT /control/v1/volumes/{name}/restore: what the backup was of.</summary>
public sealed class ControlVolumeBackup
{
    public string Volume { get; set; } = "";

    public string Driver { get; set; } = "";

    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>Without accounts.</summary>
    public Dictionary<string, string>? Options { get; set; }

    /// <summary>RFC 3339.</summary>
    public string Created { get; set; } = "";

    /// <summary>RFC 3339.</summary>
    public string Taken { get; set; } = "";

    public long SizeBytes { get; set; }
}

/// <summary>A backup or restore that is under way, of GET /control/v1/volume-work.</summary>
public sealed class ControlVolumeWork
{
    public string Id { get; set; } = "";

    public string Volume { get; set; } = "";

    /// <summary><c>backup</c> or <c>restore</c>.</summary>
    public string Kind { get; set; } = "";

    /// <summary>RFC 3339.</summary>
    public string Started { get; set; } = "";

    /// <summary>Of the archive, unpacked, so far.</summary>
    public long Bytes { get; set; }

    /// <summary>About how many there will be; 0 while that is not known.</summary>
    public long TotalBytes { get; set; }
}
