using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Portal.Api.Docker;

namespace Portal.Api.Http;

/// <summary>HTTPS only, with limits; the framework's own are far wider, and none for connections.</summary>
internal sealed class KestrelSetup(IOptions<PortalOptions> options, TlsCertificate certificate) : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.MaxRequestHeaderCount = 100;
        limits.MaxRequestLineSize = 8 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        limits.MaxRequestBodySize = 1024 * 1024;
        limits.MaxConcurrentConnections = 4096;
        limits.MaxConcurrentUpgradedConnections = 4096;
        if (IPAddress.IPv6Any.Equals(options.Value.Listen))
        {
            // Also right on a machine without IPv6.
            kestrel.ListenAnyIP(options.Value.HttpsPort, UseTls);
        }
        else
        {
            kestrel.Listen(options.Value.Listen!, options.Value.HttpsPort, UseTls);
        }
    }

    private void UseTls(ListenOptions listen)
    {
        _ = listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate.Certificate;
            https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        });
        _ = listen.Use(TakenConnection.Wrap);
    }
}
