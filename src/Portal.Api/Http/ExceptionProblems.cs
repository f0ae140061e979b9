using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Api.Http;

/// <summary>Turns exceptions of /api and /hubs into problems: expected ones keep their message, the rest say only that the portal failed.</summary>
internal sealed class ExceptionProblems(ILogger<ExceptionProblems> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!ApiPaths.IsApi(httpContext.Request.Path))
        {
            return false;
        }

        var problem = exception switch
        {
            ErrorException expected => expected.Error.ToProblem(),
            BadHttpRequestException { InnerException: JsonException unreadable } => new Problem(
                new Error(ErrorKind.Invalid, "request.invalid", Printable.Of($"The request's body cannot be read: {EngineBody.Words(unreadable)}."))),
            BadHttpRequestException bad => new Problem(ErrorProblems.OfStatus(bad.StatusCode), bad.StatusCode),
            _ when DatabaseFaults.IsAway(exception) => Away(exception, httpContext),
            _ => null,
        };
        if (problem is null)
        {
            log.RequestFailed(exception, httpContext.Request.Method, Printable.Of(httpContext.Request.Path));
            problem = new Problem(new Error(ErrorKind.Internal, "portal.failed", "The portal failed to answer. Its log has the details under the trace id."));
        }

        await problem.ExecuteAsync(httpContext);
        return true;
    }

    private Problem Away(Exception exception, HttpContext http)
    {
        log.DatabaseAway(http.Request.Method, Printable.Of(http.Request.Path), DatabaseFaults.Sentence(exception));
        return new(new Error(ErrorKind.Unavailable, "database.unavailable", "The portal cannot reach its database. Try again in a moment.") { RetryAfter = TimeSpan.FromSeconds(5) });
    }
}

/// <summary>Which paths answer programs, and so with problems instead of pages.</summary>
internal static class ApiPaths
{
    public static bool IsApi(PathString path) => path.StartsWithSegments("/api") || path.StartsWithSegments("/hubs") || path.StartsWithSegments("/openapi");
}
