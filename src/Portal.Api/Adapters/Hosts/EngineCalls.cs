using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Portal.Api.Http;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>Calls an engine. Whatever goes wrong comes out as an <see cref="ErrorException"/> with a sentence for people.</summary>
internal sealed class EngineCalls(EngineConnections connections)
{
    /// <summary>An engine's answer is read into memory only up to this size.</summary>
    private const int LongestAnswer = 64 * 1024 * 1024;

    /// <summary>Sends a command; 2xx and 304 (already so) are success.</summary>
    public async Task SendAsync(HostId host, HttpMethod method, string path, TimeSpan limit, CancellationToken ct)
    {
        using var response = await OpenAsync(host, method, path, limit, ct);
    }

    /// <summary>Asks and reads a JSON answer.</summary>
    public Task<T> ReadAsync<T>(HostId host, string path, JsonTypeInfo<T> type, TimeSpan limit, CancellationToken ct) => GuardAsync(host, limit, async bound =>
    {
        using var response = await SendCheckedAsync(host, HttpMethod.Get, path, bound);
        if (response.Content.Headers.ContentLength > LongestAnswer)
        {
            throw TooLong(host);
        }

        await using var body = new CappedStream(await response.Content.ReadAsStreamAsync(bound), LongestAnswer, () => TooLong(host));
        return await JsonSerializer.DeserializeAsync(body, type, bound) ?? throw new JsonException("null");
    }, ct);

    /// <summary>Sends a request and returns when the answer's head is there; the body is the caller's to read and end.</summary>
    public Task<HttpResponseMessage> OpenAsync(HostId host, HttpMethod method, string path, TimeSpan limit, CancellationToken ct) =>
        GuardAsync(host, limit, bound => SendCheckedAsync(host, method, path, bound), ct);

    /// <summary>Sends a body of any length, however slowly it comes; the answer is the caller's to read and end.</summary>
    public Task<HttpResponseMessage> SendAsync(HostId host, HttpMethod method, string path, Stream body, CancellationToken ct) =>
        GuardAsync(host, Timeout.InfiniteTimeSpan, bound => SendCheckedAsync(host, method, path, bound, body), ct);

    /// <summary>The error an exception of the transport stands for, or null when it is none.</summary>
    public static Error? Explain(HostId host, Exception exception) => exception switch
    {
        ErrorException known => known.Error,
        HttpRequestException { InnerException: SocketException socket } => Down(host, socket.SocketErrorCode switch
        {
            // A missing socket file comes as AddressNotAvailable.
            SocketError.AddressNotAvailable or SocketError.ConnectionRefused => "its socket is missing or nothing listens on it",
            SocketError.AccessDenied => "the portal may not open its socket",
            _ => Printable.Of(socket.Message),
        }),
        HttpRequestException or HttpIOException or IOException => Down(host, "the connection broke"),
        JsonException => new(ErrorKind.Unavailable, "engine.answer", $"The engine on host {host} answered something that cannot be understood."),
        _ => null,
    };

    private static Error Down(HostId host, string why) =>
        new(ErrorKind.Unavailable, "host.unreachable", $"The engine on host {host} does not answer: {why}. Start the agent there, or look at its log.");

    private static ErrorException TooLong(HostId host) =>
        new(ErrorKind.Unavailable, "engine.answer", $"The engine on host {host} answered more than {LongestAnswer / (1024 * 1024)} MiB.");

    private static async Task<T> GuardAsync<T>(HostId host, TimeSpan limit, Func<CancellationToken, Task<T>> act, CancellationToken ct)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bound.CancelAfter(limit);
        try
        {
            return await act(bound.Token);
        }
        catch (OperationCanceledException ex) when (!ct.IsCancellationRequested)
        {
            throw new ErrorException(ErrorKind.Unavailable, "host.timeout", $"The engine on host {host} did not answer within {limit.TotalSeconds:0} seconds. It may still finish; look at the container's state.", ex);
        }
        catch (Exception ex) when (ex is not ErrorException && Explain(host, ex) is { } error)
        {
            throw new ErrorException(error, ex);
        }
    }

    private async Task<HttpResponseMessage> SendCheckedAsync(HostId host, HttpMethod method, string path, CancellationToken ct, Stream? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StreamContent(body) };
        var response = await connections.Of(host).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.NotModified)
        {
            return response;
        }

        using (response)
        {
            throw new ErrorException(await ErrorOfAsync(host, response, ct));
        }
    }

    /// <summary>What an answer that is not a success says, for people.</summary>
    public static async Task<Error> ErrorOfAsync(HostId host, HttpResponseMessage response, CancellationToken ct)
    {
        string? message = null;
        try
        {
            await using var body = new CappedStream(await response.Content.ReadAsStreamAsync(ct), 64 * 1024, () => TooLong(host));
            message = (await JsonSerializer.DeserializeAsync(body, EngineJson.Default.ErrorMessage, ct))?.Message;
        }
        catch (Exception ex) when (ex is JsonException or ErrorException)
        {
            // The status alone has to do.
        }

        message = Printable.Of(string.IsNullOrWhiteSpace(message) ? $"The engine on host {host} refused with status {(int)response.StatusCode}." : message, 1024);
        return response.StatusCode switch
        {
            HttpStatusCode.BadRequest => new(ErrorKind.Invalid, "engine.invalid", message),
            HttpStatusCode.Forbidden => new(ErrorKind.Forbidden, "engine.forbidden", message),
            HttpStatusCode.NotFound => new(ErrorKind.NotFound, "engine.not_found", message),
            HttpStatusCode.Conflict => new(ErrorKind.Conflict, "engine.conflict", message),
            HttpStatusCode.NotImplemented => new(ErrorKind.NotImplemented, "engine.not_implemented", message),
            HttpStatusCode.ServiceUnavailable => new(ErrorKind.Unavailable, "engine.unavailable", message),
            _ => new(ErrorKind.Internal, "engine.failed", message),
        };
    }
}
