using System.Net;
using System.Net.Sockets;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Registries;

/// <summary>One address under which a registry may answer.</summary>
/// <param name="Address">Scheme, host and port.</param>
/// <param name="IsMirror">Not the registry itself: it is told nobody's credentials, and its failures only mean that the next one is asked.</param>
/// <param name="AnyCertificate">Its certificate is not looked at.</param>
/// <param name="Admits">Addresses that its name may lead to; null for any.</param>
internal sealed record RegistryEndpoint(Uri Address, bool IsMirror = false, bool AnyCertificate = false, Func<IPAddress, bool>? Admits = null)
{
    /// <summary>What Docker Hub is called in references, and the host that serves it.</summary>
    public const string HubDomain = "docker.io";

    private const string HubHost = "registry-1.docker.io";

    /// <summary>Addresses to try, in order.</summary>
    /// <param name="domain">Registry of a reference.</param>
    /// <param name="settings">What the administrator set.</param>
    /// <param name="mirrors">Mirrors do as well.</param>
    /// <param name="ct">Cancels the look at the host's address.</param>
    public static async Task<IReadOnlyList<RegistryEndpoint>> ForAsync(string domain, RegistrySettings settings, bool mirrors, CancellationToken ct)
    {
        var endpoints = new List<RegistryEndpoint>();
        if (domain == HubDomain && mirrors)
        {
            foreach (var mirror in settings.Mirrors)
            {
                var address = new Uri(mirror);
                var waiver = address.Scheme == Uri.UriSchemeHttps ? await WaiverAsync(address.Authority, settings, ct).ConfigureAwait(false) : null;
                endpoints.Add(new(address, IsMirror: true, AnyCertificate: waiver is not null, Admits: waiver));
            }
        }

        var host = domain == HubDomain ? HubHost : domain;
        if (await WaiverAsync(domain, settings, ct).ConfigureAwait(false) is { } admits)
        {
            endpoints.Add(new(new Uri($"https://{host}"), AnyCertificate: true, Admits: admits));
            endpoints.Add(new(new Uri($"http://{host}"), Admits: admits));
        }
        else
        {
            endpoints.Add(new(new Uri($"https://{host}")));
        }

        return endpoints;
    }

    /// <summary>
    /// The addresses at which a registry needs no good certificate: any where the administrator lists it by name, those of this machine and of listed networks
    /// where its name leads there. What the name leads to is not trusted to stay so until the connection is made. Null where it needs one.
    /// </summary>
    private static async Task<Func<IPAddress, bool>?> WaiverAsync(string domain, RegistrySettings settings, CancellationToken ct)
    {
        var host = HostOf(domain);
        if (settings.Insecure.Any(s => s.Equals(domain, StringComparison.OrdinalIgnoreCase) || s.Equals(host, StringComparison.OrdinalIgnoreCase)))
        {
            return _ => true;
        }

        if (domain == HubDomain)
        {
            return null;
        }

        IPAddress[] addresses;
        if (IPAddress.TryParse(host, out var address))
        {
            addresses = [address];
        }
        else
        {
            try
            {
                addresses = await Dns.GetHostAddressesAsync(host, ct).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                return null;
            }
        }

        return addresses.Length > 0 && addresses.All(IsInNetworks) ? IsInNetworks : null;

        bool IsInNetworks(IPAddress one)
        {
            one = one.IsIPv4MappedToIPv6 ? one.MapToIPv4() : one;
            return IPAddress.IsLoopback(one) || settings.Insecure.Any(s => IPNetwork.TryParse(s, out var network) && network.BaseAddress.AddressFamily == one.AddressFamily && network.Contains(one));
        }
    }

    private static string HostOf(string domain) => Uri.TryCreate($"https://{domain}", UriKind.Absolute, out var uri) ? uri.Host.Trim('[', ']') : domain;

    /// <summary>The registry that a client means when it signs in: without scheme and path, and Docker Hub by its name in references.</summary>
    /// <exception cref="ErrorException">400: it names no host.</exception>
    public static string DomainOf(string serverAddress)
    {
        var text = serverAddress.Trim();
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        text = scheme >= 0 ? text[(scheme + 3)..] : text;
        text = text.Split('/', 2)[0];
        if (text is "" or "index.docker.io" or HubHost or HubDomain)
        {
            return HubDomain;
        }

        return Uri.TryCreate($"https://{text}", UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0 && uri.Authority.Equals(text.EndsWith(":443", StringComparison.Ordinal) ? text[..^4] : text, StringComparison.OrdinalIgnoreCase)
            ? text
            : throw new ErrorException(ErrorKind.Invalid, "registry.address", $"\"{TransferErrors.Show(serverAddress)}\" is not the address of a registry");
    }
}
