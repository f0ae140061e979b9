using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>Body of POST /auth, and what X-Registry-Auth holds. Never logged.</summary>
public sealed class AuthConfig
{
    [JsonPropertyName("username")]
    public string? Username { get; set; }

    [JsonPropertyName("password")]
    public string? Password { get; set; }

    /// <summary>Base64 of <c>user:password</c>.</summary>
    [JsonPropertyName("auth")]
    public string? Auth { get; set; }

    [JsonPropertyName("email")]
    public string? Email { get; set; }

    [JsonPropertyName("serveraddress")]
    public string? ServerAddress { get; set; }

    /// <summary>Stands for the password.</summary>
    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; set; }

    /// <summary>Bearer token to be sent as it is.</summary>
    [JsonPropertyName("registrytoken")]
    public string? RegistryToken { get; set; }

    /// <summary>Tells who, never with what.</summary>
    public override string ToString() => $"AuthConfig {{ Username = {Username}, ServerAddress = {ServerAddress} }}";
}

/// <summary>Answer of POST /auth.</summary>
public sealed class AuthResponse
{
    public string IdentityToken { get; set; } = "";

    public string Status { get; set; } = "";
}

/// <summary>GET /distribution/{name}/json.</summary>
public sealed class DistributionInspect
{
    public DistributionDescriptor Descriptor { get; set; } = new();

    public List<DistributionPlatform> Platforms { get; set; } = [];
}

/// <summary>Points at a manifest.</summary>
public sealed class DistributionDescriptor
{
    [JsonPropertyName("mediaType")]
    public string MediaType { get; set; } = "";

    [JsonPropertyName("digest")]
    public string Digest { get; set; } = "";

    [JsonPropertyName("size")]
    public long Size { get; set; }
}

/// <summary>A machine that an image is for.</summary>
public sealed class DistributionPlatform
{
    [JsonPropertyName("architecture")]
    public string Architecture { get; set; } = "";

    [JsonPropertyName("os")]
    public string Os { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("variant")]
    public string? Variant { get; set; }
}

/// <summary>An entry of GET /images/search.</summary>
public sealed class SearchResultItem
{
    [JsonPropertyName("star_count")]
    public long StarCount { get; set; }

    [JsonPropertyName("is_official")]
    public bool IsOfficial { get; set; }

    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("is_automated")]
    public bool IsAutomated { get; set; }

    [JsonPropertyName("description")]
    public string Description { get; set; } = "";
}

/// <summary>What a push says of each tag, as the <c>aux</c> of a progress message.</summary>
public sealed class PushResult
{
    public string Tag { get; set; } = "";

    public string Digest { get; set; } = "";

    public long Size { get; set; }
}
