using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>Bridges of this host and the veth pairs on them. Safe for concurrent use.</summary>
internal sealed partial class BridgeDriver(HostLinks links, LinkReaper reaper, ILogger<BridgeDriver> logger) : INetworkDriver
{
    public const string DriverName = "bridge";

    /// <summary>How the names of the host's ends of veth pairs begin.</summary>
    public const string VethPrefix = "veth";

    // As Docker's bridges have it.
    private static readonly IPAddress s_linkLocal = IPAddress.Parse("fe80::1");

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Bridge> _bridges = [];

    public string Name => DriverName;

    public NetworkTraits Read(string id, NetworkSpec spec)
    {
        var settings = BridgeSettings.Of(id, spec);
        var sides = spec.Pools.Select(p => Subnet.Parse(p.Subnet)).Select(subnet => new BridgeSide(
            subnet, settings.Mode(subnet.IsIPv6), settings.Masquerade, subnet.IsIPv6 ? settings.SourceIPv6 : settings.SourceIPv4)).ToList();
        return new(
            settings.Link, HasLinks: true, NeedsGateway: true, spec.Options.GetValueOrDefault(BridgeSettings.LinkPrefixKey) is { Length: > 0 } prefix ? prefix : "eth",
            Rules: new(settings.Link, spec.Internal, settings.Icc, settings.Trusted, sides), Binding: settings.Binding);
    }

    public bool Check(string id, NetworkSpec spec, IReadOnlyList<NetworkRecord> others)
    {
        var settings = BridgeSettings.Of(id, spec);
        if (spec.Options.Boolean(BridgeSettings.DefaultKey, false))
        {
            throw NetworkErrors.Forbidden("predefined", "cannot create network with the default bridge's options: there is one default bridge, and it is the engine's");
        }

        foreach (var other in others.Where(o => o.Driver == DriverName))
        {
            if (BridgeSettings.Of(other.Id, other.Spec).Link == settings.Link)
            {
                throw NetworkErrors.Forbidden("bridge_name", $"cannot create network {id} ({settings.Link}): conflicts with network {other.Id} ({settings.Link}): networks have same bridge name");
            }
        }

        return links.Routes.FindLink(settings.Link) is null;
    }

    public IReadOnlyList<string> Ensure(IReadOnlyList<NetworkRecord> networks)
    {
        lock (_gate)
        {
            List<string> made = [];
            var present = networks.Count == 1 ? null : links.Routes.ListLinks().ToDictionary(l => l.Name, StringComparer.Ordinal);
            foreach (var network in networks)
            {
                var name = BridgeSettings.Of(network.Id, network.Spec).Link;
                var link = present is null ? links.Routes.FindLink(name) : present.GetValueOrDefault(name);
                if (link is null || _bridges.GetValueOrDefault(network.Id)?.Index != link.Index)
                {
                    if (Make(network, link))
                    {
                        made.Add(network.Name);
                    }
                }
            }

            return made;
        }
    }

    public void Remove(NetworkRecord network)
    {
        lock (_gate)
        {
            _bridges.TryRemove(network.Id, out _);
            var name = BridgeSettings.Of(network.Id, network.Spec).Link;
            if (links.Routes.FindLink(name) is not { } link)
            {
                return;
            }

            foreach (var port in links.Routes.ListLinks().Where(l => l.Master == link.Index && IsOurs(l.Name)))
            {
                links.Routes.DeleteLink(port.Name);
            }

            if (network.OwnsLink)
            {
                links.Routes.DeleteLink(name);
            }
        }
    }

    public void MakeLink(NetworkRecord network, NetworkEndpoint endpoint, PhysicalAddress? mac, SafeFileHandle handle)
    {
        var bridge = _bridges.GetValueOrDefault(network.Id) ?? throw new LinuxException("get link", network.Name, Errno.ENODEV);
        links.Routes.CreateVeth(endpoint.HostLink!, bridge.Index, bridge.Mtu, endpoint.Link!, mac!, handle.DangerousGetHandle().ToInt32());
        // An address that comes and goes with every container makes programs of the host that watch addresses, browsers for
        // instance, drop their connections. The link has none yet: its other end is still down.
        links.Routes.SetNoOwnAddress(endpoint.HostLink!);
        // Where br_netfilter is loaded, a container that calls itself by a published port is answered within the bridge.
        links.Routes.SetHairpin(endpoint.HostLink!, isolated: !bridge.Icc);
        bridge.Ports[endpoint.HostLink!] = true;
    }

    public void RemoveLink(NetworkEndpoint endpoint, Action onGone)
    {
        _bridges.GetValueOrDefault(endpoint.NetworkId)?.Ports.TryRemove(endpoint.HostLink!, out _);
        reaper.Delete(endpoint.HostLink!, onGone);
    }

    public int Sweep(IReadOnlyList<NetworkRecord> networks, IReadOnlySet<string> liveLinks)
    {
        var all = links.Routes.ListLinks();
        var indexes = _bridges.Values.Select(b => b.Index).ToHashSet();
        var stale = all.Where(l => indexes.Contains(l.Master) && IsOurs(l.Name) && !liveLinks.Contains(l.Name)).ToList();
        stale.ForEach(l => links.Routes.DeleteLink(l.Name));
        return stale.Count;
    }

    /// <summary>Ends on the host of pairs that are in force, and are not there.</summary>
    public IReadOnlySet<string> FindLost()
    {
        var lost = _bridges.Values.SelectMany(b => b.Ports.Keys).ToHashSet(StringComparer.Ordinal);
        if (lost.Count > 0)
        {
            // Asked for afterwards: what is made meanwhile is in neither, or in both.
            lost.ExceptWith(links.Routes.ListLinks().Select(l => l.Name));
        }

        return lost;
    }

    /// <summary>Says which pairs are in force, and puts those that are on no bridge, or another, back on theirs.</summary>
    public void Gather(IEnumerable<NetworkEndpoint> live)
    {
        lock (_gate)
        {
            foreach (var endpoint in live.Where(e => e.HostLink is not null))
            {
                if (_bridges.GetValueOrDefault(endpoint.NetworkId) is { } bridge)
                {
                    bridge.Ports[endpoint.HostLink!] = true;
                }
            }

            foreach (var bridge in _bridges.Values)
            {
                Gather(bridge);
            }
        }
    }

    /// <summary>Makes a bridge and what the host needs for it, or takes the one that is there.</summary>
    private bool Make(NetworkRecord network, LinkInfo? link)
    {
        var settings = BridgeSettings.Of(network.Id, network.Spec);
        var made = link is null;
        var pools = network.Spec.Pools.Select(p => (Subnet: Subnet.Parse(p.Subnet), Gateway: p.Gateway is { } gateway ? IPAddress.Parse(gateway) : null)).ToList();
        var mtu = settings.Mtu;
        if (link is null)
        {
            var table = HostLinks.ReadRoutes();
            if (settings.IsDefault && HostRoutes.FindOverlap(table, pools[0].Subnet, settings.Link) is { } other)
            {
                throw new ErrorException(ErrorKind.Internal, "network.subnet_overlap",
                    $"The subnet {pools[0].Subnet} of bridge {settings.Link} overlaps with the route {other.Subnet} of {other.Link}; choose another one for the bridge.");
            }

            if (mtu == 0)
            {
                // Containers get the size of packet that the way out takes, so that nothing depends on path discovery.
                mtu = HostRoutes.DefaultLink(table) is { } uplink && links.Routes.FindLink(uplink) is { Mtu: >= 1280 and <= 9216 } found ? found.Mtu : 1500;
            }

            links.Routes.CreateBridge(settings.Link, MacAddress.For(pools.Find(p => !p.Subnet.IsIPv6).Gateway), mtu);
            link = links.Routes.FindLink(settings.Link) ?? throw new LinuxException("get link", settings.Link, Errno.ENODEV);
        }
        else if (!link.IsUp)
        {
            links.Routes.SetUp(link.Index, settings.Link);
        }

        if (network.OwnsLink)
        {
            links.Sign(link, network);
        }

        Furnish(settings, network, link, pools);
        var bridge = new Bridge(link.Index, settings.Link, mtu == 0 ? link.Mtu : mtu, settings.Icc);
        if (_bridges.TryGetValue(network.Id, out var before))
        {
            foreach (var port in before.Ports.Keys)
            {
                bridge.Ports[port] = true;
            }

            logger.BridgeRepaired(settings.Link);
            _bridges[network.Id] = bridge;
            Gather(bridge);
        }
        else
        {
            _bridges[network.Id] = bridge;
        }

        return made;
    }

    private void Furnish(BridgeSettings settings, NetworkRecord network, LinkInfo link, List<(Subnet Subnet, IPAddress? Gateway)> pools)
    {
        links.Routes.SetNoOwnAddress(settings.Link);
        foreach (var (subnet, gateway) in pools)
        {
            if (gateway is null || settings.Mode(subnet.IsIPv6) == GatewayMode.Isolated || (settings.HasNoIPv4 && !subnet.IsIPv6))
            {
                continue;
            }

            if (subnet.IsIPv6)
            {
                NetworkSysctl.Ensure($"net/ipv6/conf/{settings.Link}/disable_ipv6", "0");
                NetworkSysctl.Ensure($"net/ipv6/conf/{settings.Link}/accept_ra", "0");
                // Neighbours are asked for by an address of the link itself; without one, what comes from elsewhere finds a container
                // only while that is remembered.
                links.Routes.AddAddress(link.Index, s_linkLocal, 64, null);
            }

            links.Routes.AddAddress(link.Index, gateway, subnet.PrefixLength, subnet.IsIPv6 ? null : subnet.Last);
            if (!network.Spec.Internal)
            {
                NetworkSysctl.Ensure(subnet.IsIPv6 ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward", "1");
            }
        }

        if (network.Spec.EnableIPv4 && !network.Spec.Internal)
        {
            // Lets 127.0.0.1:port be translated to a container; the guard chain keeps everybody else from using it.
            NetworkSysctl.Ensure($"net/ipv4/conf/{settings.Link}/route_localnet", "1");
        }
    }

    private void Gather(Bridge bridge)
    {
        foreach (var port in links.Routes.ListLinks().Where(l => bridge.Ports.ContainsKey(l.Name) && l.Master != bridge.Index))
        {
            links.Routes.SetMaster(port, bridge.Index);
            links.Routes.SetHairpin(port.Name, isolated: !bridge.Icc);
        }
    }

    // On a bridge that is somebody else's there may be veth pairs that are not ours.
    private static bool IsOurs(string link) => VethName().IsMatch(link);

    [GeneratedRegex("^veth[0-9a-f]{11}$")]
    private static partial Regex VethName();

    /// <summary>A bridge in the kernel.</summary>
    private sealed record Bridge(int Index, string Link, int Mtu, bool Icc)
    {
        /// <summary>Host's ends of the pairs that belong on it.</summary>
        public ConcurrentDictionary<string, bool> Ports { get; } = new(StringComparer.Ordinal);
    }
}
