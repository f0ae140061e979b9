using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi;

/// <summary>Every request of the socket: finds the route, checks the version, runs the handler, words the errors.</summary>
internal sealed class EngineDispatcher(RouteTable routes, IHostApplicationLifetime lifetime, ILogger<EngineDispatcher> log)
{
    public static readonly string ServerHeader = $"Docker/{AgentVersion.Number} (linux)";

    public async Task DispatchAsync(HttpContext http)
    {
        var response = http.Response;
        if (http.Request.Headers.Origin.Count > 0)
        {
            // A page that got a browser to talk to the engine; no engine client sends this header.
            await WriteErrorAsync(response, StatusCodes.Status403Forbidden, "requests from browsers are refused (Origin header)");
            return;
        }

        if (RequestFraming.Doubt(http.Request) is { } doubt)
        {
            response.Headers.Connection = "close";
            await WriteErrorAsync(response, StatusCodes.Status400BadRequest, doubt);
            return;
        }

        if (http.Request.Method == HttpMethods.Options)
        {
            AddCommonHeaders(response.Headers);
            return;
        }

        if (!TryFind(http, out var route, out var version, out var target))
        {
            await WriteErrorAsync(response, StatusCodes.Status404NotFound, "page not found");
            return;
        }

        AddCommonHeaders(response.Headers);
        using var request = new EngineRequest(http, version ?? ApiVersion.Highest, target, lifetime.ApplicationStopping);
        try
        {
            version?.EnsureSupported();
            await route.Handler(request);
        }
        catch (Exception e)
        {
            await FailAsync(http, route, e);
        }
    }

    public static void AddCommonHeaders(IHeaderDictionary headers)
    {
        headers["Api-Version"] = Contract.Version;
        headers["Docker-Experimental"] = "false";
        headers["Ostype"] = "linux";
        headers["Server"] = ServerHeader;
    }

    private bool TryFind(HttpContext http, out EngineRoute route, out ApiVersion? version, out string target)
    {
        var path = EnginePath.Parse(http.Request.Path.Value ?? "");
        version = path.Version;
        var found = routes.TryFind(http.Request.Method, path.Segments, out var match, out target);
        route = match!;
        return found;
    }

    private async Task FailAsync(HttpContext http, EngineRoute route, Exception e)
    {
        if (e is ClientGoneException || (e is OperationCanceledException && (http.RequestAborted.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)))
        {
            // The client left, or the agent ends: a stream stops here, nobody is to be told.
            if (http.Response.HasStarted)
            {
                http.Abort();
            }
            else
            {
                await WriteErrorAsync(http.Response, StatusCodes.Status503ServiceUnavailable, "the engine is shutting down");
            }

            return;
        }

        var (status, message) = e switch
        {
            ErrorException { Error: var error } => (EngineStatus.Of(error.Kind), error.Message),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
                (StatusCodes.Status413PayloadTooLarge, $"request body is too large: the limit is {EngineBody.Limit} bytes"),
            BadHttpRequestException bad => (bad.StatusCode, bad.Message),
            _ => (StatusCodes.Status500InternalServerError, DiskFailure.Words(e) ?? e.Message),
        };

        if (e is not ErrorException and not BadHttpRequestException)
        {
            log.RequestFailed(e, route.Method, route.Template);
        }
        else if (status >= StatusCodes.Status500InternalServerError && status != StatusCodes.Status501NotImplemented && status != StatusCodes.Status503ServiceUnavailable)
        {
            log.RequestRefused(route.Method, route.Template, status, message);
        }

        if (http.Response.HasStarted)
        {
            // Half an answer cannot be taken back; a cut connection tells the client that it is not whole.
            http.Abort();
            return;
        }

        http.Response.Headers.Remove("Content-Type");
        await WriteErrorAsync(http.Response, status, message);
    }

    private static Task WriteErrorAsync(HttpResponse response, int status, string message)
    {
        var bytes = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new ErrorMessage { Message = message }, EngineJson.Default.ErrorMessage);
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes, 0, bytes.Length);
    }
}
