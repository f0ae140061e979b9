using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.GeneratedClient;

/// <summary>What every program adds to its generated client: the token, and that what is not said is left out.</summary>
public partial class PortalClient
{
    /// <summary>Sent with every request; null for none.</summary>
    public string? Token { get; init; }

    static partial void UpdateJsonSerializerSettings(JsonSerializerOptions settings) => settings.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;

    partial void PrepareRequest(HttpClient client, HttpRequestMessage request, string url)
    {
        if (Token is not null)
        {
            request.Headers.Authorization = new("Bearer", Token);
        }
    }
}
