using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Portal.Api.Tests.Access;

/// <summary>What came back of a call.</summary>
internal sealed record Answered(HttpStatusCode Status, JsonElement Body, string? ETag)
{
    public string? Code => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("code", out var code) ? code.GetString() : null;

    public string Id => Text("id");

    public string Text(string name) => Body.GetProperty(name).GetString()!;
}

internal static class Calls
{
    /// <summary>Calls the API.</summary>
    public static async Task<Answered> CallAsync(this HttpClient client, string method, string path, object? body = null, string? match = null, string? key = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1" + path);
        request.Content = body is null ? null : JsonContent.Create(body);
        if (match is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", match);
        }

        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return new(answer.StatusCode, text.StartsWith('{') || text.StartsWith('[') ? JsonSerializer.Deserialize<JsonElement>(text) : default, answer.Headers.ETag?.ToString());
    }

    /// <summary>The code of a problem; null for any other answer.</summary>
    public static async Task<string?> CodeAsync(this HttpResponseMessage answer) => answer.Content.Headers.ContentType?.MediaType == "application/problem+json"
        ? (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString()
        : null;

    /// <summary>A client that sends this token.</summary>
    public static HttpClient With(this PortalHost portal, string token)
    {
        var client = portal.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
