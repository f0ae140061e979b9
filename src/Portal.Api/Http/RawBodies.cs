using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Portal.Api.Http;

/// <summary>Bodies that are no JSON and may be of any length.</summary>
internal static class RawBodies
{
    public const string Bytes = "application/octet-stream", Tar = "application/x-tar";

    /// <summary>Says that an endpoint takes such a body.</summary>
    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder route, string type) =>
        route.Accepts<Stream>(isOptional: true, type, Bytes).WithMetadata(new DisableRequestSizeLimitAttribute());

    /// <summary>The body, however slowly it comes.</summary>
    public static Stream EndlessBody(this HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        return http.Request.Body;
    }
}
