using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>Answer of POST /build/prune.</summary>
public sealed class BuildPruneResponse
{
    public List<string>? CachesDeleted { get; set; }

    public long SpaceReclaimed { get; set; }
}

/// <summary>A record of the build cache in GET /system/df.</summary>
public sealed class BuildCacheItem
{
    [JsonPropertyName("ID")]
    public string Id { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Parent { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<string>? Parents { get; set; }

    public string Type { get; set; } = "";

    public string Description { get; set; } = "";

    public bool InUse { get; set; }

    public bool Shared { get; set; }

    public long Size { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }

    public int UsageCount { get; set; }
}

/// <summary>Credentials of one registry in the header X-Registry-Config.</summary>
public sealed class RegistryConfigItem
{
    [JsonPropertyName("username")]
    public string? UserName { get; set; }

    [JsonPropertyName("password")]
    public string? Password { get; set; }

    [JsonPropertyName("auth")]
    public string? Auth { get; set; }

    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; set; }

    [JsonPropertyName("registrytoken")]
    public string? RegistryToken { get; set; }
}
