using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Http;

/// <summary>
/// The certificate in <c>tls/portal.crt</c> and <c>tls/portal.key</c> (PEM). Made at first run (ECDSA P-256, self-signed) and again before
/// it ends; an administrator's own pair put in its place is used and never touched.
/// </summary>
internal sealed class TlsCertificate
{
    private const string Subject = "CN=portal, O=Portal self-signed";
    private static readonly TimeSpan s_life = TimeSpan.FromDays(825);
    private static readonly TimeSpan s_renewal = TimeSpan.FromDays(30);

    private readonly Lazy<X509Certificate2> _certificate;

    public TlsCertificate(DataRoot root, TimeProvider time, ILogger<TlsCertificate> log) =>
        _certificate = new(() => Open(root.Folder("tls"), time, log));

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate => _certificate.Value;

    /// <summary>True for one we made.</summary>
    public bool IsSelfSigned => Certificate.Subject == Subject;

    private static X509Certificate2 Open(string folder, TimeProvider time, ILogger log)
    {
        var (crt, key) = (Path.Combine(folder, "portal.crt"), Path.Combine(folder, "portal.key"));
        var now = time.GetUtcNow();
        if (!File.Exists(crt) && !File.Exists(key))
        {
            Make(crt, key, now, log);
        }

        var certificate = Read(crt, key);
        if (certificate.Subject == Subject && certificate.NotAfter.ToUniversalTime() < now.UtcDateTime + s_renewal)
        {
            certificate.Dispose();
            Make(crt, key, now, log);
            certificate = Read(crt, key);
        }

        return certificate;
    }

    private static X509Certificate2 Read(string crt, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(crt, key);
        }
        catch (Exception ex) when (ex is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StartRefusedException($"The certificate {crt} with the key {key} cannot be used: {ex.Message} Put a matching PEM pair there, or delete both and a self-signed one is made.", ex);
        }
    }

    private static void Make(string crt, string key, DateTimeOffset now, ILogger log)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject, pair, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        var listed = new List<string> { "localhost" };
        names.AddDnsName("localhost");
        var machine = Dns.GetHostName();
        if (Uri.CheckHostName(machine) == UriHostNameType.Dns && machine != "localhost")
        {
            names.AddDnsName(machine);
            listed.Add(machine);
        }

        foreach (var address in Addresses())
        {
            names.AddIpAddress(address);
            listed.Add(address.ToString());
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now + s_life);
        DataRoot.Write(key, Encoding.ASCII.GetBytes(pair.ExportPkcs8PrivateKeyPem() + "\n"));
        DataRoot.Write(crt, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"));
        log.CertificateMade(string.Join(", ", listed), crt, now + s_life);
    }

    private static IEnumerable<IPAddress> Addresses() => new[] { IPAddress.Loopback, IPAddress.IPv6Loopback }
        .Concat(NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.OperationalStatus == OperationalStatus.Up)
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork || !address.IsIPv6LinkLocal))
        .Distinct()
        .Take(64);
}
