using Microsoft.Extensions.Primitives;

namespace Portal.Agent.EngineApi;

/// <summary>
/// Whether a request's end is beyond doubt. What two programs in a row could cut in different places (RFC 9112, 6.3 and 11.2) is refused
/// where the server would choose one of the meanings.
/// </summary>
internal static class RequestFraming
{
    /// <summary>What is wrong with it; null for nothing.</summary>
    public static string? Doubt(HttpRequest request)
    {
        var encoding = request.Headers.TransferEncoding;
        if (StringValues.IsNullOrEmpty(encoding))
        {
            return null;
        }

        if (encoding is not [{ } only] || !only.Trim().Equals("chunked", StringComparison.OrdinalIgnoreCase))
        {
            return $"unsupported Transfer-Encoding header ({encoding}): must be 'chunked'";
        }

        if (!HttpProtocol.IsHttp11(request.Protocol))
        {
            return "Transfer-Encoding is not of HTTP/1.0";
        }

        // Kestrel keeps the length that it passed over under this name.
        return request.ContentLength is not null || request.Headers.ContainsKey("X-Content-Length")
            ? "both Transfer-Encoding and Content-Length are given"
            : null;
    }
}
