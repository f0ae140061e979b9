using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Runtime.Images;

/// <summary>The reader of JSON knows which members may be null; which elements may, it does not: none.</summary>
internal static class NoNull
{
    /// <exception cref="JsonException">An element is null.</exception>
    [return: NotNullIfNotNull(nameof(list))]
    public static TList? In<TList>(TList? list)
        where TList : class, IEnumerable<object> => list?.Contains(null) == true ? throw new JsonException("an element of a list is null") : list;
}

/// <summary>Points at a blob (OCI image-spec, descriptor.md).</summary>
internal sealed record OciDescriptor
{
    public string MediaType { get => field ?? ""; init; }

    public string Digest { get => field ?? ""; init; }

    public long Size { get; init; }

    public OciPlatform? Platform { get; init; }

    public Dictionary<string, string>? Annotations
    {
        get;
        init
        {
            NoNull.In(value?.Values);
            field = value;
        }
    }
}

/// <summary>For which machines a manifest of an index is.</summary>
internal sealed record OciPlatform
{
    public string Architecture { get => field ?? ""; init; }

    public string Os { get => field ?? ""; init; }

    public string? Variant { get; init; }
}

/// <summary>A manifest or an index: which of the two shows only when it is read (manifest.md, image-index.md).</summary>
internal sealed record OciDocument
{
    public int SchemaVersion { get; init; }

    public string? MediaType { get; init; }

    public OciDescriptor? Config { get; init; }

    public IReadOnlyList<OciDescriptor>? Layers { get; init => field = NoNull.In(value); }

    public IReadOnlyList<OciDescriptor>? Manifests { get; init => field = NoNull.In(value); }

    /// <summary>Only in Docker's manifests of schema 1, which are told by it.</summary>
    public JsonElement? FsLayers { get; init; }
}

/// <summary>The oci-layout file.</summary>
internal sealed record OciLayout
{
    public string ImageLayoutVersion { get => field ?? ""; init; }
}

/// <summary>An image's configuration (config.md).</summary>
internal sealed record OciImage
{
    public string? Architecture { get; init; }

    public string? Author { get; init; }

    public string? Comment { get; init; }

    public OciImageConfig? Config { get; init; }

    public DateTimeOffset? Created { get; init; }

    public IReadOnlyList<OciHistory>? History { get; init => field = NoNull.In(value); }

    public string? Os { get; init; }

    public string? Variant { get; init; }

    public OciRootFileSystem? Rootfs { get; init; }
}

/// <summary>Container defaults, in Docker's capitals.</summary>
internal sealed record OciImageConfig
{
    [JsonPropertyName("User")] public string? User { get; init; }

    [JsonPropertyName("ExposedPorts")] public Dictionary<string, EmptyObject>? ExposedPorts { get; init; }

    [JsonPropertyName("Env")] public IReadOnlyList<string>? Environment { get; init => field = NoNull.In(value); }

    [JsonPropertyName("Entrypoint")] public IReadOnlyList<string>? Entrypoint { get; init => field = NoNull.In(value); }

    [JsonPropertyName("Cmd")] public IReadOnlyList<string>? Command { get; init => field = NoNull.In(value); }

    [JsonPropertyName("Volumes")] public Dictionary<string, EmptyObject>? Volumes { get; init; }

    [JsonPropertyName("WorkingDir")] public string? WorkingDirectory { get; init; }

    [JsonPropertyName("Labels")] public Dictionary<string, string>? Labels
    {
        get;
        init
        {
            NoNull.In(value?.Values);
            field = value;
        }
    }

    [JsonPropertyName("StopSignal")] public string? StopSignal { get; init; }

    [JsonPropertyName("Healthcheck")] public OciHealthCheck? HealthCheck { get; init; }

    [JsonPropertyName("Shell")] public IReadOnlyList<string>? Shell { get; init => field = NoNull.In(value); }

    [JsonPropertyName("OnBuild")] public IReadOnlyList<string>? OnBuild { get; init => field = NoNull.In(value); }
}

/// <summary>Docker's addition to the configuration. Times are nanoseconds.</summary>
internal sealed record OciHealthCheck
{
    [JsonPropertyName("Test")] public IReadOnlyList<string>? Test { get; init => field = NoNull.In(value); }

    [JsonPropertyName("Interval")] public long? Interval { get; init; }

    [JsonPropertyName("Timeout")] public long? Timeout { get; init; }

    [JsonPropertyName("StartPeriod")] public long? StartPeriod { get; init; }

    [JsonPropertyName("StartInterval")] public long? StartInterval { get; init; }

    [JsonPropertyName("Retries")] public int? Retries { get; init; }
}

/// <summary>The value of a set written as a map.</summary>
internal sealed record EmptyObject;

internal sealed record OciHistory
{
    public DateTimeOffset? Created { get; init; }

    public string? Author { get; init; }

    [JsonPropertyName("created_by")] public string? CreatedBy { get; init; }

    public string? Comment { get; init; }

    [JsonPropertyName("empty_layer")] public bool? EmptyLayer { get; init; }
}

internal sealed record OciRootFileSystem
{
    public string? Type { get; init; }

    [JsonPropertyName("diff_ids")] public IReadOnlyList<string>? DiffIds { get; init => field = NoNull.In(value); }
}

/// <summary>An image in a docker-archive's manifest.json.</summary>
internal sealed record DockerArchiveImage
{
    [JsonPropertyName("Config")] public string? Config { get; init; }

    [JsonPropertyName("RepoTags")] public IReadOnlyList<string>? RepoTags { get; init => field = NoNull.In(value); }

    [JsonPropertyName("Layers")] public IReadOnlyList<string>? Layers { get; init => field = NoNull.In(value); }
}

/// <summary>What is stored of an image beside its blobs.</summary>
internal sealed record ImageRecord
{
    /// <summary>Digest of the configuration.</summary>
    public required string Id { get; init; }

    /// <summary>Digest of the manifest: the one that came with the image, or one made for it.</summary>
    public required string Manifest { get; init; }

    /// <summary>Digests of the layers' archives as they came, lowest first.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>The image it was committed from; null for none.</summary>
    public string? Parent { get; init; }
}

/// <summary>Forms of JSON in images and in the store. Member names that stand twice are refused: readers would disagree.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(OciDocument))]
[JsonSerializable(typeof(OciLayout))]
[JsonSerializable(typeof(OciImage))]
[JsonSerializable(typeof(IReadOnlyList<DockerArchiveImage>))]
[JsonSerializable(typeof(ImageRecord))]
[JsonSerializable(typeof(SortedDictionary<string, string>))]
internal sealed partial class ImageJson : JsonSerializerContext
{
    /// <summary>For writing documents that others read: media types keep their "+".</summary>
    public static ImageJson Documents { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
