using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Registries;

/// <inheritdoc cref="IRegistryTransport"/>
internal sealed class RegistryTransport(RegistrySettings settings, ILogger<RegistryTransport> log) : IRegistryTransport
{
    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public HttpMessageHandler Open(Uri origin, bool anyCertificate, Func<IPAddress, bool>? admits, Action<IPAddress>? connected)
    {
        var (authorities, own) = anyCertificate ? ([], Certificates(origin).Own) : Certificates(origin);
        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            Proxy = new WebProxies(settings.Proxies),
            ConnectTimeout = s_connect,
            MaxConnectionsPerServer = 64,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            ConnectCallback = (context, ct) => ConnectAsync(context, admits, connected, ct),
            SslOptions = new SslClientAuthenticationOptions
            {
#pragma warning disable CA5359 // An administrator lists the registry as one whose certificate means nothing.
                RemoteCertificateValidationCallback = anyCertificate ? (_, _, _, _) => true
#pragma warning restore CA5359
                    : authorities.Count > 0 ? (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, authorities) : null,
                ClientCertificates = own.Count > 0 ? own : null,
            },
        };
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, Func<IPAddress, bool>? admits, Action<IPAddress>? connected, CancellationToken ct)
    {
        var target = context.DnsEndPoint;
        // A proxy is the administrator's, whatever address it has, and it is the proxy that resolves the name.
        var isProxy = context.InitialRequestMessage.RequestUri is { } uri && !uri.IdnHost.Trim('[', ']').Equals(target.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
        var addresses = await Dns.GetHostAddressesAsync(target.Host.Trim('[', ']'), ct).ConfigureAwait(false);
        Exception? failure = null;
        foreach (var address in addresses)
        {
            if (!isProxy && admits is not null && !admits(address))
            {
                failure = TransferErrors.Refused($"the registry leads us to {target.Host} ({address}), an address that it must not lead us to");
                continue;
            }

            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, target.Port, ct).ConfigureAwait(false);
                if (!isProxy)
                {
                    connected?.Invoke(address);
                }

                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                failure = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        // The name must be right whoever vouches for it.
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (chain is not null)
        {
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainElements.Select(e => e.Certificate).ToArray());
        }

        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return own.Build(leaf);
    }

    /// <summary>What the administrator laid down for a registry. Read anew each time: a new certificate works without a restart.</summary>
    private (X509Certificate2Collection Authorities, X509Certificate2Collection Own) Certificates(Uri origin)
    {
        X509Certificate2Collection authorities = [], own = [];
        foreach (var folder in settings.CertificateFolders.SelectMany(f => new[] { Path.Combine(f, $"{origin.Host}:{origin.Port}"), Path.Combine(f, origin.Host) }).Where(Directory.Exists))
        {
            foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                try
                {
                    if (path.EndsWith(".crt", StringComparison.Ordinal))
                    {
                        authorities.ImportFromPemFile(path);
                    }
                    else if (path.EndsWith(".cert", StringComparison.Ordinal))
                    {
                        own.Add(X509Certificate2.CreateFromPemFile(path, Path.ChangeExtension(path, ".key")));
                    }
                }
                catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
                {
                    log.CertificateUnread(e, path);
                    throw new ErrorException(ErrorKind.Internal, "registry.certificate", $"The certificate {path} cannot be read: {e.Message}", e);
                }
            }
        }

        return (authorities, own);
    }
}
