using System.Globalization;
using Portal.Domain.Primitives;

namespace Portal.Api.Http;

/// <summary>Versions of objects as entity tags: who changes something says which version they have seen (RFC 9110, 13.1.1).</summary>
internal static class ETags
{
    /// <summary>Says the version of what is answered.</summary>
    public static void SetETag(this HttpResponse response, long version) => response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The version that the caller expects; null for whatever there is, which it must say with an asterisk.</summary>
    public static Result<long?> Expected(this HttpRequest request) => request.Headers.IfMatch.Count == 0
        ? new Error(ErrorKind.Invalid, "request.precondition", "Say which version you mean to change: send the ETag of what you have read as If-Match, or an asterisk for whatever there is.")
        : request.Optional();

    /// <summary>The same where the header may be left out.</summary>
    public static Result<long?> Optional(this HttpRequest request)
    {
        var text = request.Headers.IfMatch.ToString();
        if (text is "" or "*")
        {
            return (long?)null;
        }

        // A tag that was never given matches nothing.
        return long.TryParse(text.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : -1L;
    }
}
