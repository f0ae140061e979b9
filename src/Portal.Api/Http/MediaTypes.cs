using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Portal.Api.Http;

/// <summary>Refuses bodies of another type than the endpoint takes; after its caller was let in, for what an operation takes is nobody else's matter.</summary>
internal sealed class MediaTypes(RequestDelegate next)
{
    /// <summary>Routing would refuse them before anybody was asked who they are.</summary>
    public static void LeaveToUs(IServiceCollection services)
    {
        foreach (var policy in services.Where(service => service.ServiceType == typeof(MatcherPolicy) && service.ImplementationType?.Name == "AcceptsMatcherPolicy").ToArray())
        {
            services.Remove(policy);
        }
    }

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is not { } takes || IsTaken(context.Request, takes))
        {
            return next(context);
        }

        const int status = StatusCodes.Status415UnsupportedMediaType;
        return new Problem(ErrorProblems.OfMediaType(takes.ContentTypes), status).ExecuteAsync(context);
    }

    private static bool IsTaken(HttpRequest request, IAcceptsMetadata takes) => request.ContentType is not { Length: > 0 } type
        ? takes.IsOptional || request.ContentLength is null or 0
        : MediaTypeHeaderValue.TryParse(type, out var sent) && IsReadable(sent.Charset) && takes.ContentTypes.Any(taken => sent.IsSubsetOf(new MediaTypeHeaderValue(taken)));

    /// <summary>JSON that is exchanged is UTF-8 (RFC 8259, 8.1); what is in bytes has no character set.</summary>
    private static bool IsReadable(StringSegment charset) => charset.Length == 0 || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase);
}
