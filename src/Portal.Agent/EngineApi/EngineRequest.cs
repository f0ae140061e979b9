using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Portal.Agent.EngineApi.Filters;
using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Engine;

namespace Portal.Agent.EngineApi;

/// <summary>One request as the handlers see it: version, the name in the path, query, body, and the ways to answer.</summary>
/// <param name="http">The exchange.</param>
/// <param name="version">What the client asked for, or the highest.</param>
/// <param name="target">The name in the path; empty where the route has none.</param>
/// <param name="stopping">Fires when the agent is about to end.</param>
internal sealed class EngineRequest(HttpContext http, ApiVersion version, string target, CancellationToken stopping) : IDisposable
{
    private CancellationTokenSource? _streaming;

    public HttpContext Http => http;

    public ApiVersion Version => version;

    public string Target => target;

    /// <summary>The client is gone.</summary>
    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>For answers without an end: the client is gone, or the agent is about to end.</summary>
    public CancellationToken Streaming => (_streaming ??= CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping)).Token;

    /// <summary>The agent is about to end. For streams whose client may half-close.</summary>
    public CancellationToken Stopping => stopping;

    public void Dispose() => _streaming?.Dispose();

    /// <summary>A query value; null when absent or empty.</summary>
    public string? Query(string name) => http.Request.Query[name] is [{ Length: > 0 } first, ..] ? first : null;

    /// <summary>All values of a repeatable query parameter.</summary>
    public IReadOnlyList<string> QueryAll(string name) => [.. http.Request.Query[name].OfType<string>().Where(v => v.Length > 0)];

    /// <summary>Booleans as Go's clients write them: absent, empty, 0, no, false and none are false, the rest is true.</summary>
    public bool Flag(string name, bool otherwise = false) => Query(name) is not { } text
        ? otherwise
        : text.ToUpperInvariant() is not ("0" or "NO" or "FALSE" or "NONE");

    /// <summary>A whole number; null when absent.</summary>
    public int? Number(string name) => Query(name) is not { } text
        ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw EngineErrors.Invalid("api.query", $"invalid value for {name}: \"{text}\" is not a whole number of 32 bits");

    /// <summary>The filters, checked against the keys the endpoint knows.</summary>
    public EngineFilters Filters(params ReadOnlySpan<string> known) => EngineFilters.Parse(Query("filters"), known);

    /// <summary>The body; null when there is none.</summary>
    public Task<T?> ReadAsync<T>(JsonTypeInfo<T> type) where T : class => BodyReading.ReadAsync(http.Request, type, http.RequestAborted);

    /// <summary>The body; 400 when there is none.</summary>
    public async Task<T> RequireAsync<T>(JsonTypeInfo<T> type) where T : class =>
        await ReadAsync(type) ?? throw EngineErrors.Invalid("api.json", "invalid JSON: got EOF while reading request body");

    /// <summary>An answer without a body.</summary>
    public Task Empty(int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    public Task Json<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes, 0, bytes.Length, http.RequestAborted);
    }

    public Task Text(string text, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    /// <summary>Sends the head at once; clients block on it.</summary>
    public async Task<JsonLines> StartLinesAsync()
    {
        http.Response.ContentType = "application/json";
        var lines = new JsonLines(http.Response.BodyWriter);
        await lines.FlushAsync(Streaming);
        return lines;
    }
}
