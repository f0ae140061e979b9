using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;
using Portal.Api.Adapters.Hosts;
using Portal.Domain.Access.Docker;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Sends a request on to an engine, and its answer back: as it streams, or filtered.</summary>
internal sealed class DockerRelay(EngineConnections connections)
{
    private const int LargestFiltered = 64 * 1024 * 1024, LargestKept = 4 * 1024 * 1024;

    // The rest is the portal's business with the client, not the engine's.
    private static readonly string[] s_sent = ["Accept", "X-Registry-Auth", "X-Registry-Config"], s_perConnection =
        ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Trailer", "Proxy-Authenticate", "Set-Cookie", "Content-Length", "Content-Type"];

    /// <summary>Relays; ends early when <paramref name="ct"/> says that the right to it has ended. Yields nothing: a stream, so that whoever ends streams can end it.</summary>
    public async IAsyncEnumerable<int> RunAsync(
        HttpContext http, DockerPass pass, DockerOutcome outcome, [EnumeratorCancellation] CancellationToken ct)
    {
        using var request = Request(http, pass);
        if (pass.Call.Operation.Hijacks)
        {
            if (!DockerHijack.IsPossible(http))
            {
                throw DockerHijack.NotHere();
            }

            await using var connection = await connections.DialAsync(pass.Host, ct);
            using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ConnectCallback = (_, _) => new(connection) });
            request.Headers.Connection.Add("Upgrade");
            request.Headers.Upgrade.Add(new(http.Request.Headers.Upgrade.ToString() is { Length: > 0 } protocol ? protocol : "tcp"));
            foreach (var header in http.Request.Headers.Where(header => header.Key.StartsWith("X-Docker-Expose-Session-", StringComparison.OrdinalIgnoreCase)))
            {
                _ = request.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value);
            }

            using var answer = await invoker.SendAsync(request, ct);
            outcome.Status = (int)answer.StatusCode;
            if (answer.StatusCode == HttpStatusCode.SwitchingProtocols)
            {
                await DockerHijack.CopyAsync(http, answer, connection, ct);
                yield break;
            }

            await AnswerAsync(http, answer, pass, outcome, ct);
            yield break;
        }

        using var response = await connections.Of(pass.Host).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        outcome.Status = (int)response.StatusCode;
        await AnswerAsync(http, response, pass, outcome, ct);
    }

    private static HttpRequestMessage Request(HttpContext http, DockerPass pass)
    {
        var call = pass.Call;
        var request = new HttpRequestMessage(new HttpMethod(call.Operation.Method), new Uri("http://engine" + call.Target(pass.Name)))
        {
            Content = call.Operation.Body switch
            {
                DockerBody.Json when !call.Body.IsEmpty => new ReadOnlyMemoryContent(call.Body),
                DockerBody.Archive when http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false => new StreamContent(http.Request.Body),
                _ => null,
            },
        };
        if (request.Content is not null && call.ContentType is { Length: > 0 } type)
        {
            _ = request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        foreach (var header in s_sent)
        {
            if (http.Request.Headers.TryGetValue(header, out var values))
            {
                _ = request.Headers.TryAddWithoutValidation(header, (IEnumerable<string?>)values);
            }
        }

        if (pass.Credentials is { } credentials && !RegistryHeader.HasSome(http.Request.Headers[credentials.Header].ToString()))
        {
            _ = request.Headers.Remove(credentials.Header);
            _ = request.Headers.TryAddWithoutValidation(credentials.Header, credentials.Value);
        }

        return request;
    }

    private static async Task AnswerAsync(
        HttpContext http, HttpResponseMessage answer, DockerPass pass, DockerOutcome outcome, CancellationToken ct)
    {
        var (response, sight, operation) = (http.Response, pass.Sight, pass.Call.Operation);
        response.StatusCode = (int)answer.StatusCode;
        foreach (var header in answer.Headers.Where(header => !s_perConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            response.Headers[header.Key] = header.Value.ToArray();
        }

        if (answer.Content.Headers.TryGetValues("Content-Type", out var type))
        {
            response.ContentType = type.First();
        }

        if (sight is not null && response.Headers.ContainsKey("Builder-Version"))
        {
            // Clients choose by it how to build, and BuildKit's way is not open here.
            response.Headers["Builder-Version"] = "1";
        }

        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        var isMade = outcome.IsDone && operation.Method is "POST" or "DELETE";
        if (sight is not null && outcome.IsDone && pass.Answer == DockerAnswer.Events)
        {
            await EventsAsync(body, response, sight, ct);
        }
        else if (sight is not null && outcome.IsDone && pass.Answer != DockerAnswer.Whole)
        {
            var filtered = DockerAnswers.Filter(pass.Answer, await ReadAsync(body, LargestFiltered, ct), sight);
            response.ContentLength = filtered.Length;
            await response.BodyWriter.WriteAsync(filtered, ct);
        }
        else if (isMade && pass.Owners && operation.Body == DockerBody.Archive)
        {
            outcome.Progress = new();
            await CopyAsync(body, response, outcome.Progress, ct);
            outcome.Progress.End();
        }
        else if (isMade && DockerRecord.Reads(operation))
        {
            outcome.Body = await ReadAsync(body, LargestKept, ct);
            await outcome.KeepAsync();
            if (response.StatusCode != StatusCodes.Status204NoContent)
            {
                response.ContentLength = outcome.Body.Length;
                await response.BodyWriter.WriteAsync(outcome.Body, ct);
            }
        }
        else
        {
            await CopyAsync(body, response, null, ct);
        }
    }

    /// <summary>At once, whatever comes: clients wait for the head of an answer, and for every line of a log.</summary>
    private static async Task CopyAsync(Stream body, HttpResponse response, DockerProgress? progress, CancellationToken ct)
    {
        await response.StartAsync(ct);
        await response.Body.FlushAsync(ct);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            while (await body.ReadAsync(buffer, ct) is var count and > 0)
            {
                progress?.Take(buffer.AsSpan(0, count));
                await response.Body.WriteAsync(buffer.AsMemory(0, count), ct);
                await response.Body.FlushAsync(ct);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task EventsAsync(Stream body, HttpResponse response, DockerSight sight, CancellationToken ct)
    {
        await response.StartAsync(ct);
        await response.Body.FlushAsync(ct);
        var reader = PipeReader.Create(body);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(ct);
                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    var line = rest.Slice(0, end).ToArray();
                    if (line.Length > 0 && DockerEvents.Shows(line, sight))
                    {
                        await response.Body.WriteAsync(line, ct);
                        await response.Body.WriteAsync("\n"u8.ToArray(), ct);
                        await response.Body.FlushAsync(ct);
                    }

                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (rest.Length > LargestKept)
                {
                    throw new ErrorException(ErrorKind.Unavailable, "engine.answer", "The engine sent an event that does not end.");
                }

                reader.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream body, int most, CancellationToken ct)
    {
        await using var capped = new CappedStream(body, most, () => new ErrorException(ErrorKind.Unavailable, "engine.answer", "The engine's answer is too long."));
        using var kept = new MemoryStream();
        await capped.CopyToAsync(kept, ct);
        return kept.ToArray();
    }
}
