using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Http;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>What an endpoint asks of an engine, in the Docker Engine API's own terms.</summary>
/// <param name="Operation">What the audit log calls it, for instance <c>CreateNetwork</c>.</param>
/// <param name="Method">Method.</param>
/// <param name="Path">Path without a version: names in it are escaped with <see cref="EngineRequests.Escape"/>.</param>
internal sealed record EngineRequest(string Operation, string Method, string Path)
{
    /// <summary>The query.</summary>
    public IReadOnlyList<(string Name, string Value)> Query { get; init; } = [];

    /// <summary>The JSON body; empty for none.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The archive that is sent; null for none.</summary>
    public Stream? Archive { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Headers for the engine alone, such as those with the credentials of registries. Never written down.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Called when it was decided on and written down, and awaited before it is sent: long work waits for its turn here. Null for at once.</summary>
    public Func<CancellationToken, Task>? Admit { get; init; }

    /// <summary>The same with a body.</summary>
    public EngineRequest With<T>(T body, JsonTypeInfo<T> type) => this with { Body = JsonSerializer.SerializeToUtf8Bytes(body, type) };
}

/// <summary>
/// What endpoints of the REST interface ask of engines. It goes over the same desk as what Docker's own clients ask, so there is one policy, one set of
/// restrictions and one record for both.
/// </summary>
internal sealed class EngineRequests(DockerDesk desk, EngineConnections connections)
{
    private const int LongestAnswer = 64 * 1024 * 1024;

    /// <summary>A name as it stands in a path; slashes of an image's name stay.</summary>
    public static string Escape(string name) => string.Join('/', name.Split('/').Select(Uri.EscapeDataString));

    /// <summary>Asks, and reads the answer.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="host">The host.</param>
    /// <param name="request">What for.</param>
    /// <param name="type">What the answer is.</param>
    /// <param name="ct">Cancels the call.</param>
    /// <param name="none">What null stands for, from an engine that says it for an empty list.</param>
    public async Task<Result<T>> ReadAsync<T>(Actor actor, HostId host, EngineRequest request, JsonTypeInfo<T> type, CancellationToken ct, T? none = default)
    {
        T? read = default;
        var error = await RunAsync(actor, host, request, async (pass, outcome, response, bound) =>
        {
            await using var body = new CappedStream(await response.Content.ReadAsStreamAsync(bound), LongestAnswer, () => new ErrorException(TooLong(host)));
            using var kept = new MemoryStream();
            await body.CopyToAsync(kept, bound);
            outcome.Body = kept.ToArray();
            var shown = pass.Sight is { } sight ? DockerAnswers.Filter(pass.Answer, outcome.Body, sight) : outcome.Body;
            read = JsonSerializer.Deserialize(shown.Span, type) ?? none ?? throw new JsonException("null");
        }, request.Limit, ct);
        return error is null ? read! : error;
    }

    /// <summary>Does something whose answer is of no matter.</summary>
    public async Task<Result> SendAsync(Actor actor, HostId host, EngineRequest request, CancellationToken ct) =>
        new(await RunAsync(actor, host, request, async (_, outcome, response, bound) => outcome.Body = await response.Content.ReadAsByteArrayAsync(bound), request.Limit, ct));

    /// <summary>Asks for what is as long as it likes, such as an archive, and hands it on as it comes.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="host">The host.</param>
    /// <param name="request">What for.</param>
    /// <param name="take">Takes what comes.</param>
    /// <param name="ct">Ends it, at the engine too.</param>
    public async Task<Result> CopyAsync(Actor actor, HostId host, EngineRequest request, Func<Stream, CancellationToken, Task> take, CancellationToken ct) =>
        new(await RunAsync(actor, host, request, async (_, _, response, bound) => await take(await response.Content.ReadAsStreamAsync(bound), bound), Timeout.InfiniteTimeSpan, ct));

    /// <summary>Does something that tells of its progress, for as long as it takes. The first line that tells of a failure is what comes of it.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="host">The host.</param>
    /// <param name="request">What for.</param>
    /// <param name="line">Called with each line, in order.</param>
    /// <param name="ct">Ends it, at the engine too.</param>
    public async Task<Result> FollowAsync(Actor actor, HostId host, EngineRequest request, Action<ProgressMessage> line, CancellationToken ct)
    {
        Error? failed = null;
        var error = await RunAsync(actor, host, request, async (_, outcome, response, bound) =>
        {
            var progress = outcome.Progress = new();
            await foreach (var message in NdjsonReader.ReadAsync(await response.Content.ReadAsStreamAsync(bound), EngineJson.Default.ProgressMessage, bound))
            {
                progress.Take(message);
                if ((message.ErrorDetail?.Message ?? message.Error) is { } sentence)
                {
                    failed ??= new(ErrorKind.Invalid, "engine.failed", Printable.Of(sentence, 1024));
                }

                line(message);
            }

            if (failed is not null)
            {
                throw new ErrorException(failed);
            }
        }, Timeout.InfiniteTimeSpan, ct);
        return new(error);
    }

    private async Task<Error?> RunAsync(
        Actor actor, HostId host, EngineRequest request, Func<DockerPass, DockerOutcome, HttpResponseMessage, CancellationToken, Task> read, TimeSpan limit, CancellationToken ct)
    {
        var query = string.Join('&', request.Query.Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value)}"));
        var found = DockerCall.Find(request.Method, "/" + request.Path, query);
        if (found.Error is { } unknown)
        {
            return unknown;
        }

        var call = found.Value with { Body = request.Body, ContentType = request.Body.IsEmpty ? null : "application/json" };
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bound.CancelAfter(limit);
        try
        {
            return await desk.RunAsync(actor, host, call, request.Operation, async (pass, outcome) =>
            {
                if (request.Admit is { } admit)
                {
                    await admit(bound.Token);
                }

                using var message = Message(request, pass);
                using var response = await connections.Of(host).SendAsync(message, HttpCompletionOption.ResponseHeadersRead, bound.Token);
                outcome.Status = (int)response.StatusCode;
                if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NotModified)
                {
                    throw new ErrorException(await EngineCalls.ErrorOfAsync(host, response, bound.Token));
                }

                await read(pass, outcome, response, bound.Token);
            }, bound.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new Error(ErrorKind.Unavailable, "host.timeout", $"The engine on host {host} did not answer within {limit.TotalSeconds:0} seconds. It may still finish.");
        }
        catch (Exception e) when (EngineCalls.Explain(host, e) is { } error)
        {
            return error;
        }
    }

    private static HttpRequestMessage Message(EngineRequest request, DockerPass pass)
    {
        var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri("http://engine" + pass.Call.Target(pass.Name)))
        {
            Content = request.Archive is { } archive ? new StreamContent(archive) : request.Body.IsEmpty ? null : new ReadOnlyMemoryContent(request.Body),
        };
        if (message.Content is not null)
        {
            message.Content.Headers.ContentType = new(request.Archive is null ? "application/json" : "application/x-tar");
        }

        foreach (var (name, value) in request.Headers.Where(header => header.Key != pass.Credentials?.Header))
        {
            _ = message.Headers.TryAddWithoutValidation(name, value);
        }

        if (pass.Credentials is { } credentials)
        {
            _ = message.Headers.TryAddWithoutValidation(credentials.Header, credentials.Value);
        }

        return message;
    }

    private static Error TooLong(HostId host) => new(ErrorKind.Unavailable, "engine.answer", $"The engine on host {host} answered more than the portal reads.");
}
