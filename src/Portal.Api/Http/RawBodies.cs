using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Portal.Api.Http;

/// <summary>Bodies that are no JSON and may be of any length, in both directions.</summary>
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

    /// <summary>Answers with a stream to be saved, however slowly it is read.</summary>
    public static async Task SaveAsync(this HttpContext http, Stream content, string type, string file, CancellationToken ct)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        http.Response.ContentType = type;
        var disposition = new Microsoft.Net.Http.Headers.ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(file);
        http.Response.Headers.ContentDisposition = disposition.ToString();
        await content.CopyToAsync(http.Response.Body, ct);
    }
}
