using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Portal.Api.Docker;
using Portal.Domain.Primitives;

namespace Portal.Api.Http;

/// <summary>The one place where errors become HTTP (RFC 9457).</summary>
internal static class ErrorProblems
{
    /// <summary>The status of a kind of error.</summary>
    public static int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid => StatusCodes.Status400BadRequest,
        ErrorKind.Unauthorized => StatusCodes.Status401Unauthorized,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.TooManyRequests => StatusCodes.Status429TooManyRequests,
        ErrorKind.NotImplemented => StatusCodes.Status501NotImplemented,
        ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        ErrorKind.Internal => StatusCodes.Status500InternalServerError,
    };

    /// <summary>The status of an error: two that only HTTP tells apart have their own.</summary>
    public static int StatusOf(Error error) => error.Code switch
    {
        "request.stale" => StatusCodes.Status412PreconditionFailed,
        "request.precondition" => StatusCodes.Status428PreconditionRequired,
        _ => StatusOf(error.Kind),
    };

    /// <summary>The error as an answer.</summary>
    public static Problem ToProblem(this Error error) => new(error);

    /// <summary>The answer to everybody who is not signed in, or whose token is not accepted for whatever reason.</summary>
    public static Problem Unauthorized() => new(new Error(ErrorKind.Unauthorized, "access.sign_in", "Sign in first, or send a valid access token."));

    /// <summary>The answer to somebody signed in who is turned away before any use case.</summary>
    public static Problem Forbidden() => new(new Error(ErrorKind.Forbidden, "access.denied", "You may not do this."));

    /// <summary>What stands for a status that the framework set by itself.</summary>
    public static Error OfStatus(int status) => status switch
    {
        404 => new(ErrorKind.NotFound, "request.route", "There is nothing at this address."),
        405 => new(ErrorKind.Invalid, "request.method", "This address does not take that method; the Allow header lists those it does."),
        413 => new(ErrorKind.Invalid, "request.size", "The request's body is larger than 1 MiB."),
        415 => OfMediaType(["application/json"]),
        _ => new(ErrorKind.Invalid, "request.invalid", "The request cannot be read. See the API description for its form."),
    };

    /// <summary>The body is of another type than these.</summary>
    public static Error OfMediaType(IReadOnlyList<string> types) =>
        new(ErrorKind.Invalid, "request.media_type", $"The body must come with Content-Type: {string.Join(" or ", types)}.");

    /// <summary>The problem body of an error.</summary>
    public static ProblemDetails Details(Error error, int? status = null) => new()
    {
        Type = $"/errors/{error.Code}",
        Title = error.Message,
        Status = status ?? StatusOf(error),
        Extensions = { ["code"] = error.Code },
    };
}

/// <summary>An error as the result of an endpoint.</summary>
internal sealed class Problem(Error error, int? status = null) : IResult, IEndpointMetadataProvider
{
    public Error Error => error;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (error.RetryAfter is { } wait)
        {
            httpContext.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (DockerRefusal.IsFor(httpContext.Request.Path))
        {
            return DockerRefusal.WriteAsync(httpContext, error, status ?? ErrorProblems.StatusOf(error));
        }

        var details = ErrorProblems.Details(error, status);
        details.Extensions["traceId"] = System.Diagnostics.Activity.Current?.Id ?? httpContext.TraceIdentifier;
        return TypedResults.Problem(details).ExecuteAsync(httpContext);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status400BadRequest, typeof(ProblemDetails), ["application/problem+json"]));
}
