using System.Text.Json;
using System.Text.Json.Serialization;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Registries;

/// <summary>A registry's answer that is no success.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="code">Of the specification (<c>MANIFEST_UNKNOWN</c>), or empty.</param>
/// <param name="message">As Docker words it: the code in small letters, a colon, the registry's message.</param>
internal sealed class RegistryFailureException(int status, string code, string message) : Exception(message)
{
    private const int MaximumBytes = 64 * 1024;

    public int Status => status;

    public string Code => code;

    /// <summary>How long it wants to be left alone; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Another time it may go well.</summary>
    public bool IsTransient => status is 408 or 429 or >= 500 and not 501;

    /// <summary>Reads a failed answer, of whose body no more is read than a message can have.</summary>
    public static async Task<RegistryFailureException> ReadAsync(HttpResponseMessage response, RegistryConnection connection, CancellationToken ct)
    {
        var status = (int)response.StatusCode;
        var body = new MemoryStream();
        try
        {
            await BoundedContent.CopyAsync(
                response, MaximumBytes,
                chunk =>
                {
                    body.Write(chunk.Span);
                    return true;
                },
                connection, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RegistryConnectionException or ErrorException)
        {
            // What came of it has to do.
        }

        var retry = response.Headers.RetryAfter is { } after ? after.Delta ?? (after.Date - response.Headers.Date) : null;
        var (code, message) = Parse(status, body.GetBuffer().AsSpan(0, (int)body.Length));
        return new(status, code, message) { RetryAfter = retry };
    }

    private static (string Code, string Message) Parse(int status, ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, RegistryJson.Default.RegistryErrors)?.Errors is [{ Code.Length: > 0 } first, ..])
            {
                var words = first.Code.ToLowerInvariant().Replace('_', ' ');
                return (first.Code, TransferErrors.Show(string.IsNullOrEmpty(first.Message) ? words : $"{words}: {first.Message}"));
            }
        }
        catch (JsonException)
        {
            // Proxies answer with pages.
        }

        return status switch
        {
            401 => ("UNAUTHORIZED", "unauthorized: authentication required"),
            403 => ("DENIED", "denied: requested access to the resource is denied"),
            429 => ("TOOMANYREQUESTS", "toomanyrequests: too many requests"),
            _ => ("", $"received unexpected HTTP status: {status}"),
        };
    }
}

/// <summary>The connection to a registry failed, or was cut.</summary>
internal sealed class RegistryConnectionException(string method, Uri address, Exception inner) : IOException(inner.Message, inner)
{
    public string Method => method;

    public Uri Address => address;
}

internal sealed record RegistryErrors
{
    [JsonPropertyName("errors")] public IReadOnlyList<RegistryError>? Errors { get; init; }
}

internal sealed record RegistryError
{
    [JsonPropertyName("code")] public string Code { get; init; } = "";

    [JsonPropertyName("message")] public string? Message { get; init; }
}

/// <summary>Answer of a token server.</summary>
internal sealed record TokenAnswer
{
    [JsonPropertyName("token")] public string? Token { get; init; }

    [JsonPropertyName("access_token")] public string? AccessToken { get; init; }

    [JsonPropertyName("refresh_token")] public string? RefreshToken { get; init; }

    /// <summary>Seconds.</summary>
    [JsonPropertyName("expires_in")] public double? ExpiresIn { get; init; }
}

/// <summary>Answer of <c>/v2/…/tags/list</c>.</summary>
internal sealed record TagList
{
    [JsonPropertyName("tags")] public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>Answer of Docker Hub's search.</summary>
internal sealed record SearchAnswer
{
    [JsonPropertyName("results")] public IReadOnlyList<SearchHit>? Results { get; init; }
}

internal sealed record SearchHit
{
    [JsonPropertyName("name")] public string Name { get; init; } = "";

    [JsonPropertyName("description")] public string? Description { get; init; }

    [JsonPropertyName("star_count")] public long Stars { get; init; }

    [JsonPropertyName("is_official")] public bool IsOfficial { get; init; }

    [JsonPropertyName("is_automated")] public bool IsAutomated { get; init; }
}

/// <summary>What registries answer beside images.</summary>
[JsonSerializable(typeof(RegistryErrors))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(TagList))]
[JsonSerializable(typeof(SearchAnswer))]
internal sealed partial class RegistryJson : JsonSerializerContext;
