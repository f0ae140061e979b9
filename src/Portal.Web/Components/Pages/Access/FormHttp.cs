using Portal.Domain.Primitives;

namespace Portal.Web.Components.Pages.Access;

/// <summary>What the form pages need of the request and response.</summary>
internal static class FormHttp
{
    /// <summary>Address of the caller, by which attempts are counted.</summary>
    public static string Source(this HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "local";

    /// <summary>The status a failed form is answered with.</summary>
    public static int Status(this Error error) => error.Kind switch
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
}
