namespace Portal.Api.Http;

/// <summary>Headers every answer carries.</summary>
internal sealed class SecurityHeaders(RequestDelegate next, TlsCertificate certificate)
{
    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(static state =>
        {
            var (http, self) = ((HttpContext, SecurityHeaders))state;
            self.Add(http);
            return Task.CompletedTask;
        }, (context, this));
        return next(context);
    }

    private void Add(HttpContext context)
    {
        var headers = context.Response.Headers;

        // One policy, ours: a second header (Blazor adds its own frame-ancestors) would only say less.
        // The component library sets style attributes, hence 'unsafe-inline' for styles and for nothing else.
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
            + $"connect-src 'self' wss://{context.Request.Host}; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'; manifest-src 'self'";
        headers.XContentTypeOptions = "nosniff";
        // With it browsers send "Origin: null" with this site's own forms; OriginGuard knows.
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()";
        if (headers.CacheControl.Count == 0)
        {
            headers.CacheControl = "no-store";
        }

        // A browser that once saw this header over a self-signed certificate could never be let in again.
        if (!certificate.IsSelfSigned)
        {
            headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        }
    }
}
