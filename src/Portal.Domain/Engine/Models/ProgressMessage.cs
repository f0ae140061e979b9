using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>A line of pull, load, import, build and push.</summary>
public sealed class ProgressMessage
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("id")]
    public string? Id { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("status")]
    public string? Status { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("stream")]
    public string? Stream { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("progress")]
    public string? Progress { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("progressDetail")]
    public ProgressDetail? ProgressDetail { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("error")]
    public string? Error { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("errorDetail")]
    public ProgressError? ErrorDetail { get; set; }

    /// <summary>What programs want to know; its form depends on what is reported.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("aux")]
    public JsonElement? Aux { get; set; }
}

/// <summary>What a build made; comes as <see cref="ProgressMessage.Aux"/>.</summary>
public sealed class BuildAux
{
    [JsonPropertyName("ID")]
    public string? Id { get; set; }
}

/// <summary>Numbers behind a bar.</summary>
public sealed class ProgressDetail
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("current")]
    public long? Current { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("total")]
    public long? Total { get; set; }
}

/// <summary>The error as an object.</summary>
public sealed class ProgressError
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("code")]
    public int? Code { get; set; }

    [JsonPropertyName("message")]
    public string Message { get; set; } = "";
}
