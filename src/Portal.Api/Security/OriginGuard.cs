using Microsoft.AspNetCore.Http.Features;
using Portal.Api.Http;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>
/// Refuses what another site makes a browser send: state changes (by Sec-Fetch-Site, else Origin) and every live connection
/// (exact Origin, and never without one). "Origin: null" is what a page that sends no referrer says with its own forms, but a sandboxed
/// frame says it too: it counts only together with Sec-Fetch-Site, which no page can forge. Requests with an Authorization header are a program's: no browser adds one by itself.
/// </summary>
internal sealed class OriginGuard(RequestDelegate next, ILogger<OriginGuard> log)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (IsAcceptable(context))
        {
            return next(context);
        }

        log.CrossSiteRefused(context.Request.Method, Printable.Of(context.Request.Path), Printable.Of(context.Request.Headers.Origin.ToString()));
        return new Error(ErrorKind.Forbidden, "request.cross_site", "The request comes from another site and was refused.").ToProblem().ExecuteAsync(context);
    }

    private static bool IsAcceptable(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.Authorization.Count > 0)
        {
            return true;
        }

        var origin = request.Headers.Origin.ToString();
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var sameOrigin = origin.Length > 0 && string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
        if (IsWebSocket(context) || (IsLive(request.Path) && !HttpMethods.IsGet(request.Method)))
        {
            // A ticket is no cookie: nothing adds it by itself, so a program without an Origin may come with one.
            return (sameOrigin || (origin.Length == 0 && Tickets.IsIn(request))) && (site is "" or "same-origin");
        }

        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return true;
        }

        // Neither header: no browser of today. Without a cookie there is nothing to abuse.
        return (site, origin) switch
        {
            ("same-origin", _) => origin is "" or "null" || sameOrigin,
            ("", { Length: > 0 }) => sameOrigin,
            ("", _) => request.Headers.Cookie.Count == 0,
            _ => false,
        };
    }

    private static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true
        || context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true
        || string.Equals(context.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase);

    private static bool IsLive(PathString path) => path.StartsWithSegments("/hubs") || path.StartsWithSegments("/_blazor");
}
