using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Serialization.Metadata;
using Portal.Domain.Engine;

namespace Portal.Agent.EngineApi;

/// <summary>Takes JSON bodies off the connection: the right content type, and all of it, before <see cref="EngineBody"/> reads it.</summary>
internal static class BodyReading
{
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
            var read = await NextAsync(reader, ct);
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var bytes = read.Buffer.ToArray();
            reader.AdvanceTo(read.Buffer.End);
            return EngineBody.Parse(bytes, type);
        }
    }

    private static async ValueTask<ReadResult> NextAsync(PipeReader reader, CancellationToken ct)
    {
        try
        {
            return await reader.ReadAsync(ct);
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            // A chunk whose size is no number that the server holds; or the client is gone, and nobody reads this.
            throw EngineErrors.Invalid("api.body", "the request body cannot be read: " + e.Message);
        }
    }

    private static bool IsJson(string? contentType)
    {
        var media = (contentType ?? "").AsSpan();
        var parameters = media.IndexOf(';');
        return (parameters < 0 ? media : media[..parameters]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }
}
