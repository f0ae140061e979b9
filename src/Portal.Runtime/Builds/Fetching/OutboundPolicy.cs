using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Portal.Runtime.Builds.Fetching;

/// <summary>
/// Which addresses a build may fetch from. A Dockerfile is somebody else's text: it is not to reach what only this machine reaches. What is
/// looked at is the address that is connected to, after names were resolved, so that no name can mean one thing first and another then.
/// </summary>
public sealed class OutboundPolicy
{
    private static readonly IPNetwork[] s_closed =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
            "::/127", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        ]).Select(IPNetwork.Parse),
    ];

    private readonly IPNetwork[] _allowed;

    /// <param name="allowed">Networks that are let through all the same.</param>
    public OutboundPolicy(IEnumerable<string> allowed) => _allowed = [.. allowed.Select(Parse).OfType<IPNetwork>()];

    /// <summary>A network or a single address; null when the text is neither.</summary>
    internal static IPNetwork? Parse(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
        : null;

    /// <summary>Whether a text names an address or a network.</summary>
    public static bool IsNetwork(string text) => Parse(text) is not null;

    /// <summary>Whether an address may be connected to.</summary>
    public bool Allows(IPAddress address) => Allows(address, () => NetworkInterface.GetAllNetworkInterfaces().SelectMany(link => link.GetIPProperties().UnicastAddresses).Select(own => own.Address));

    internal bool Allows(IPAddress address, Func<IEnumerable<IPAddress>> own)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return Array.Exists(_allowed, network => network.Contains(address)) || (!Array.Exists(s_closed, network => network.Contains(address)) && !own().Any(address.Equals));
    }

    /// <summary>Connects to a name, at the first address of it that may be.</summary>
    /// <exception cref="IOException">None may be.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken ct)
    {
        var addresses = await ResolveAsync(target.Host, ct).ConfigureAwait(false);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, ct).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The addresses of a name that may be connected to.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct)
    {
        IPAddress[] addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, ct).ConfigureAwait(false);
        IPAddress[] good = [.. addresses.Where(Allows)];
        return good.Length > 0 ? good : throw new IOException($"{host} is not on the open network, and the engine is not set to fetch from there");
    }
}
