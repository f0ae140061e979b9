using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>Every error body of the Engine API.</summary>
public sealed class ErrorMessage
{
    /// <summary>Full text for people.</summary>
    [JsonPropertyName("message")]
    public string Message { get; set; } = "";
}
