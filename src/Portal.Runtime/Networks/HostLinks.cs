using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>The host's links, addresses and routes.</summary>
internal sealed class HostLinks : IDisposable
{
    private readonly Lazy<RouteSocket> _routes = new(() => new RouteSocket());

    /// <summary>In the host's namespace; must be asked for first on a thread that is there.</summary>
    public RouteSocket Routes => _routes.Value;

    /// <summary>The kernel knows IPv6.</summary>
    public static bool HasIPv6 { get; } = Directory.Exists("/proc/sys/net/ipv6");

    /// <summary>Routes of both families.</summary>
    public static IReadOnlyList<HostRoute> ReadRoutes() =>
        [.. HostRoutes.ParseIPv4(File.ReadAllText("/proc/net/route")), .. HasIPv6 ? HostRoutes.ParseIPv6(File.ReadAllText("/proc/net/ipv6_route")) : []];

    public void Dispose()
    {
        if (_routes.IsValueCreated)
        {
            _routes.Value.Dispose();
        }
    }
}
