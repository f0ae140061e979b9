using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>An entry of GET /images/json.</summary>
public sealed class ImageSummary
{
    public string Id { get; set; } = "";

    public string ParentId { get; set; } = "";

    public List<string> RepoTags { get; set; } = [];

    public List<string> RepoDigests { get; set; } = [];

    /// <summary>Unix seconds.</summary>
    public long Created { get; set; }

    public long Size { get; set; }

    public long SharedSize { get; set; }

    /// <summary>Before 1.44 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? VirtualSize { get; set; }

    public Dictionary<string, string>? Labels { get; set; }

    public int Containers { get; set; }
}

/// <summary>GET /images/{name}/json.</summary>
public sealed class ImageInspect
{
    public string Id { get; set; } = "";

    public List<string> RepoTags { get; set; } = [];

    public List<string> RepoDigests { get; set; } = [];

    public string Parent { get; set; } = "";

    public string Comment { get; set; } = "";

    public string? Created { get; set; }

    /// <summary>The container it was committed from, which is not kept. Before 1.45 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Container { get; set; }

    /// <summary>
    /// That container's configuration; the image's own here. Docker has it before 1.45 only, and docker-compose 1.29, which always
    /// speaks the newest version there is, breaks without it when it makes a container anew.
    /// </summary>
    public ContainerConfig ContainerConfig { get; set; } = new();

    public string DockerVersion { get; set; } = "";

    public string Author { get; set; } = "";

    public ContainerConfig Config { get; set; } = new();

    public string Architecture { get; set; } = "";

    public string Os { get; set; } = "";

    public long Size { get; set; }

    /// <summary>Before 1.44 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? VirtualSize { get; set; }

    public GraphDriver GraphDriver { get; set; } = new();

    public ImageRootFs RootFS { get; set; } = new();

    public ImageMetadata Metadata { get; set; } = new();
}

/// <summary>Layers of an image.</summary>
public sealed class ImageRootFs
{
    public string Type { get; set; } = "";

    public List<string> Layers { get; set; } = [];
}

/// <summary>Local facts of an image.</summary>
public sealed class ImageMetadata
{
    public string LastTagTime { get; set; } = "";
}

/// <summary>An entry of GET /images/{name}/history, newest first.</summary>
public sealed class ImageHistoryItem
{
    public string Id { get; set; } = "";

    /// <summary>Unix seconds.</summary>
    public long Created { get; set; }

    public string CreatedBy { get; set; } = "";

    public List<string>? Tags { get; set; } = [];

    public long Size { get; set; }

    public string Comment { get; set; } = "";
}

/// <summary>One step of DELETE /images/{name}.</summary>
public sealed class ImageDeleteItem
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Untagged { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Deleted { get; set; }
}

/// <summary>Answer of prune.</summary>
public sealed class ImagePruneResponse
{
    public List<ImageDeleteItem>? ImagesDeleted { get; set; }

    public long SpaceReclaimed { get; set; }
}
