using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>The bridge in the kernel and the veth pairs on it. Safe for concurrent use.</summary>
internal sealed partial class BridgeLink(RuntimeOptions options) : IDisposable
{
    /// <summary>How the names of our veth pairs begin.</summary>
    public const string VethPrefix = "veth";

    private readonly Lock _gate = new();
    private RouteSocket? _routes;
    private int _index;
    private int _mtu = 1500;

    public Ipv4Subnet Subnet => Ipv4Subnet.Parse(options.BridgeSubnet);

    /// <summary>Of the bridge, and of the nft table.</summary>
    public string Name => options.BridgeName;

    private RouteSocket Routes => _routes ?? throw new InvalidOperationException("The bridge is not set up.");

    /// <summary>Makes the bridge and what the host needs for it, or takes what is there. True when it had to be made.</summary>
    /// <exception cref="ErrorException">The subnet is in use on another link.</exception>
    public bool Ensure()
    {
        if (!ValidName().IsMatch(Name))
        {
            throw new ErrorException(ErrorKind.Internal, "network.bridge_name",
                $"'{Name}' is not a name for a bridge: at most 15 letters, digits, '.', '_' and '-', beginning with a letter.");
        }

        lock (_gate)
        {
            _routes ??= new RouteSocket();
            var link = _routes.FindLink(Name);
            var made = link is null;
            if (link is null)
            {
                var table = File.ReadAllText("/proc/net/route");
                if (HostRoutes.FindOverlap(table, Subnet, Name) is { } other)
                {
                    throw new ErrorException(ErrorKind.Internal, "network.subnet_overlap",
                        $"The subnet {Subnet} of bridge {Name} overlaps with the route {other.Subnet} of {other.Link}; choose another one for the bridge.");
                }

                // Containers get the size of packet that the way out takes, so that nothing depends on path discovery.
                _mtu = HostRoutes.DefaultLink(table) is { } uplink && _routes.FindLink(uplink) is { Mtu: >= 1280 and <= 9216 } found ? found.Mtu : 1500;
                _routes.CreateBridge(Name, Ipv4Subnet.MacOf(Subnet.Gateway), _mtu);
                link = _routes.FindLink(Name) ?? throw new LinuxException("get link", Name, Errno.ENODEV);
            }
            else if (!link.IsUp)
            {
                _routes.SetUp(link.Index, Name);
            }

            _mtu = link.Mtu;
            _routes.AddAddress(link.Index, Subnet.Gateway, Subnet.PrefixLength, Subnet.Broadcast);
            NetworkSysctl.Ensure("net.ipv4.ip_forward", "1");
            // Lets 127.0.0.1:port be translated to a container; the guard chain keeps everybody else from using it.
            NetworkSysctl.Ensure($"net/ipv4/conf/{Name}/route_localnet", "1");
            _routes.SetNoOwnAddress(Name);
            _index = link.Index;
            return made;
        }
    }

    /// <summary>Makes a veth pair between the bridge and <c>eth0</c> in a namespace, with address and default route.</summary>
    /// <param name="hostLink">Name of the host's end.</param>
    /// <param name="address">Of the container.</param>
    /// <param name="inside">Socket in the namespace.</param>
    /// <param name="handle">The namespace.</param>
    public void Connect(string hostLink, IPAddress address, RouteSocket inside, SafeFileHandle handle)
    {
        var target = handle.DangerousGetHandle().ToInt32();
        Routes.CreateVeth(hostLink, _index, _mtu, "eth0", Ipv4Subnet.MacOf(address), target);
        // An address that comes and goes with every container makes programs of the host that watch addresses, browsers for
        // instance, drop their connections. The link has none yet: its other end is still down.
        Routes.SetNoOwnAddress(hostLink);
        // Where br_netfilter is loaded, a container that calls itself by a published port is answered within the bridge.
        Routes.SetHairpin(hostLink);
        var link = inside.FindLink("eth0") ?? throw new LinuxException("get link", "eth0", Errno.ENODEV);
        inside.SetUp(link.Index, "eth0");
        inside.AddAddress(link.Index, address, Subnet.PrefixLength, Subnet.Broadcast);
        inside.AddDefaultRoute(Subnet.Gateway, link.Index);
    }

    /// <summary>Puts those of these pairs that are on no bridge, or another, back on this one.</summary>
    public void Gather(IReadOnlySet<string> live)
    {
        foreach (var link in Routes.ListLinks().Where(l => live.Contains(l.Name) && l.Master != _index))
        {
            Routes.SetMaster(link, _index);
            Routes.SetHairpin(link.Name);
        }
    }

    /// <summary>Deletes every pair on the bridge that is none of these; how many.</summary>
    public int Sweep(IReadOnlySet<string> live)
    {
        var stale = Routes.ListLinks()
            .Where(l => l.Master == _index && l.Name.StartsWith(VethPrefix, StringComparison.Ordinal) && !live.Contains(l.Name)).ToList();
        stale.ForEach(l => Routes.DeleteLink(l.Name));
        return stale.Count;
    }

    /// <summary>Whether somebody took the bridge away.</summary>
    public bool IsMissing() => Routes.FindLink(Name)?.Index != _index;

    /// <summary>Deletes the bridge and all pairs on it.</summary>
    public void TearDown()
    {
        lock (_gate)
        {
            _routes ??= new RouteSocket();
            if (_routes.FindLink(Name) is { } bridge)
            {
                _index = bridge.Index;
                Sweep(new HashSet<string>());
                _routes.DeleteLink(Name);
            }

            _routes.Dispose();
            _routes = null;
        }
    }

    // It is written into nft text, so it must be one word there.
    [GeneratedRegex("^[A-Za-z][A-Za-z0-9._-]{0,14}$")]
    private static partial Regex ValidName();

    public void Dispose()
    {
        lock (_gate)
        {
            _routes?.Dispose();
            _routes = null;
        }
    }
}
