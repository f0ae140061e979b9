using System.Collections.Concurrent;
using System.Net;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>A proxy before a registry that takes little of an upload at a time, and fails once.</summary>
public sealed class StrictProxy : IAsyncDisposable
{
    private static readonly string[] s_requestHeaders = ["Accept", "Content-Range", "Content-Type"];
    private static readonly string[] s_answerHeaders = ["Content-Type", "Docker-Content-Digest", "Docker-Distribution-Api-Version", "Docker-Upload-UUID", "Location", "Range"];

    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new();
    private readonly string _target;
    private readonly long _limit;
    private readonly string _failing;
    private readonly Task _serving;

    /// <param name="target">The registry.</param>
    /// <param name="limit">Bytes of one request.</param>
    /// <param name="failing">Where the part of an upload begins that fails the first time.</param>
    public StrictProxy(string target, long limit, long failing)
    {
        (_target, _limit, _failing) = (target, limit, $"{failing}-");
        Host = $"127.0.0.1:{RegistryServer.FreePort()}";
        _listener.Prefixes.Add($"http://{Host}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Host { get; }

    /// <summary>What the parts of uploads said they were, and what became of them.</summary>
    public ConcurrentQueue<string> Parts { get; } = new();

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            var context = await _listener.GetContextAsync();
            _ = Task.Run(async () =>
            {
                try
                {
                    await AnswerAsync(context);
                }
                finally
                {
                    context.Response.Close();
                }
            });
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.HttpMethod == "PATCH")
        {
            var range = request.Headers["Content-Range"] ?? "";
            var isTooLarge = request.ContentLength64 > _limit;
            var fails = range.StartsWith(_failing, StringComparison.Ordinal) && !Parts.Any(p => p.StartsWith("502", StringComparison.Ordinal));
            Parts.Enqueue($"{(isTooLarge ? "413" : fails ? "502" : "ok")} {range}".Trim());
            if (isTooLarge || fails)
            {
                await request.InputStream.CopyToAsync(Stream.Null);
                response.StatusCode = isTooLarge ? 413 : 502;
                return;
            }
        }

        using var asked = new HttpRequestMessage(new HttpMethod(request.HttpMethod), $"http://{_target}{request.RawUrl}") { Headers = { Host = Host } };
        if (request.HasEntityBody)
        {
            asked.Content = new StreamContent(request.InputStream);
            asked.Content.Headers.ContentLength = request.ContentLength64;
        }

        foreach (var name in s_requestHeaders.Where(n => request.Headers[n] is not null))
        {
            _ = asked.Headers.TryAddWithoutValidation(name, request.Headers[name]) || asked.Content?.Headers.TryAddWithoutValidation(name, request.Headers[name]) == true;
        }

        using var answer = await _http.SendAsync(asked, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(h => s_answerHeaders.Contains(h.Key)))
        {
            response.Headers[name] = string.Join(',', values);
        }

        if (request.HttpMethod != "HEAD")
        {
            await answer.Content.CopyToAsync(response.OutputStream);
        }
    }
}
