using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Agent.BuildKit;

/// <summary>A line of the answer to <c>POST /build?version=2</c>.</summary>
internal sealed class SessionBuildLine
{
    [JsonPropertyName("id")]
    public string? Id { get; set; }

    [JsonPropertyName("aux")]
    public JsonElement? Aux { get; set; }

    [JsonPropertyName("errorDetail")]
    public SessionBuildFailure? ErrorDetail { get; set; }

    [JsonPropertyName("error")]
    public string? Error { get; set; }
}

internal sealed class SessionBuildFailure
{
    [JsonPropertyName("message")]
    public string Message { get; set; } = "";
}

internal sealed class SessionBuildImage
{
    public string ID { get; set; } = "";
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SessionBuildLine))]
[JsonSerializable(typeof(SessionBuildImage))]
[JsonSerializable(typeof(string))]
internal sealed partial class SessionBuildJson : JsonSerializerContext;
