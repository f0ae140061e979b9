using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Portal.Domain.Engine;

namespace Portal.Agent.EngineApi;

/// <summary>
/// Reads JSON bodies strictly: the right content type, one value, nothing after it, no key twice (a policy in front of the
/// engine must not be able to see another value than the engine does). Names are matched whatever their case.
/// </summary>
internal static class EngineBody
{
    /// <summary>Longest JSON body in bytes.</summary>
    public const int Limit = 4 * 1024 * 1024;

    /// <summary>The wire contract, read strictly.</summary>
    public static EngineJson Strict { get; } = new(new JsonSerializerOptions
    {
        PropertyNameCaseInsensitive = true,
        NumberHandling = JsonNumberHandling.Strict,
        MaxDepth = 64,
        AllowDuplicateProperties = false,
        Converters = { new NullAsDefault<bool>(), new NullAsDefault<int>(), new NullAsDefault<long>() },
    });

    /// <summary>The body as a value; null when there is none.</summary>
    public static async Task<T?> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        var length = request.ContentLength;
        if (length is 0 || (length is null && request.Headers.TransferEncoding.Count == 0))
        {
            return null;
        }

        if (!IsJson(request.ContentType))
        {
            throw EngineErrors.Invalid("api.content_type", $"unsupported Content-Type header ({request.ContentType}): must be 'application/json'");
        }

        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(ct);
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var bytes = read.Buffer.ToArray();
            reader.AdvanceTo(read.Buffer.End);
            return Parse(bytes, type);
        }
    }

    public static T? Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
    {
        if (json.Trim(" \t\r\n"u8).IsEmpty)
        {
            throw EngineErrors.Invalid("api.json", "invalid JSON: got EOF while reading request body");
        }

        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException e)
        {
            throw EngineErrors.Invalid("api.json", "invalid JSON: " + e.Message);
        }
    }

    private static bool IsJson(string? contentType)
    {
        var media = (contentType ?? "").AsSpan();
        var parameters = media.IndexOf(';');
        return (parameters < 0 ? media : media[..parameters]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>In Go's JSON, null leaves a number or a boolean as it was.</summary>
    private sealed class NullAsDefault<T> : JsonConverter<T> where T : struct
    {
        public override bool HandleNull => true;

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.Null)
            {
                return default;
            }

            if (typeof(T) == typeof(bool))
            {
                return (T)(object)reader.GetBoolean();
            }

            return typeof(T) == typeof(int)
                ? reader.TryGetInt32(out var number) ? (T)(object)number : throw new JsonException("a whole number is expected")
                : reader.TryGetInt64(out var big) ? (T)(object)big : throw new JsonException("a whole number is expected");
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw new NotSupportedException("Requests are only read.");
    }
}
