using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>The host's links, addresses and routes.</summary>
internal sealed class HostLinks(RuntimeOptions options) : IDisposable
{
    private readonly Lazy<RouteSocket> _routes = new(() => new RouteSocket());

    /// <summary>In the host's namespace; must be asked for first on a thread that is there.</summary>
    public RouteSocket Routes => _routes.Value;

    /// <summary>The kernel knows IPv6.</summary>
    public static bool HasIPv6 { get; } = Directory.Exists("/proc/sys/net/ipv6");

    /// <summary>Routes of both families.</summary>
    public static IReadOnlyList<HostRoute> ReadRoutes() =>
        [.. HostRoutes.ParseIPv4(File.ReadAllText("/proc/net/route")), .. HasIPv6 ? HostRoutes.ParseIPv6(File.ReadAllText("/proc/net/ipv6_route")) : []];

    /// <summary>Says on a link of the host whose it is and for what, for whoever finds it in a list: <c>portal0 network web</c>.</summary>
    public void Sign(LinkInfo link, NetworkRecord network)
    {
        // The kernel keeps 255 bytes of a text, and names may be longer.
        var text = $"{options.BridgeName} network {network.Name}";
        if (link.Alias.Length == 0)
        {
            Routes.SetAlias(link, System.Text.Encoding.UTF8.GetByteCount(text) > 255 ? $"{options.BridgeName} network {network.Id[..12]}" : text);
        }
    }

    public void Dispose()
    {
        if (_routes.IsValueCreated)
        {
            _routes.Value.Dispose();
        }
    }
}
