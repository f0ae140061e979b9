using System.Text.Json.Serialization;

namespace Portal.Runtime.Builds.Cache;

/// <summary>What is stored of a step that was done: <c>builds/cache/&lt;key&gt;.json</c>.</summary>
internal sealed record CacheRecord
{
    /// <summary>Name of the record.</summary>
    public required string Key { get; init; }

    /// <summary>The step, for people.</summary>
    public required string Description { get; init; }

    /// <summary>Key of the step before; null for none that is stored.</summary>
    public string? Parent { get; init; }

    /// <summary>Chain ids of the layers below and, when it made one, its own, lowest first.</summary>
    public required IReadOnlyList<string> Chain { get; init; }

    /// <summary>Digest of its layer's archive; null when it changed no file.</summary>
    public string? DiffId { get; init; }

    /// <summary>Bytes of its layer.</summary>
    public long SizeBytes { get; init; }

    public DateTimeOffset Created { get; init; }

    public DateTimeOffset? LastUsed { get; init; }

    public int Uses { get; init; }

    /// <summary>Its layer may not have reached the disk.</summary>
    public bool IsUnflushed { get; init; }
}

/// <summary>What is stored of a folder that <c>RUN --mount=type=cache</c> keeps: <c>builds/mounts/&lt;id&gt;.json</c> beside the folder.</summary>
internal sealed record CacheMountRecord
{
    public required string Id { get; init; }

    public required string Description { get; init; }

    public DateTimeOffset Created { get; init; }

    public DateTimeOffset? LastUsed { get; init; }

    public int Uses { get; init; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CacheRecord))]
[JsonSerializable(typeof(CacheMountRecord))]
internal sealed partial class CacheJson : JsonSerializerContext;
