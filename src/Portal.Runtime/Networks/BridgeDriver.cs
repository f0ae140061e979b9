using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Networks;

/// <summary>The default bridge: addresses, veth pairs, and published ports.</summary>
internal sealed class BridgeDriver(BridgeLink bridge, NetworkNamespaces namespaces, PublishedPorts ports, Firewall firewall, LinkReaper reaper, ILogger<BridgeDriver> logger) : INetworkDriver
{
    public const string DriverName = "bridge";

    private readonly Lock _gate = new();
    private readonly HashSet<string> _links = new(StringComparer.Ordinal);
    private Ipam? _ipam;

    public string Name => DriverName;

    public string LinkName => bridge.Name;

    public Ipv4Subnet Subnet => bridge.Subnet;

    public async Task<NetworkAttachment> ConnectAsync(NetworkRecord network, AttachmentRequest request)
    {
        var endpoint = RandomNumberGenerator.GetHexString(64, lowercase: true);
        var hostLink = BridgeLink.VethPrefix + endpoint[..11];
        IPAddress address;
        lock (_gate)
        {
            address = _ipam!.Allocate();
        }

        IReadOnlyList<PublishedPort> published = [];
        var isConnected = false;
        try
        {
            published = ports.Take($"{request.ContainerName ?? request.Container.Abbreviated} ({endpoint})", address, request.Ports);
            RepairBridge();
            await namespaces.CreateAsync(request.Container, request.Sysctls,
                (inside, handle) => bridge.Connect(hostLink, address, inside, handle), request.Namespace).ConfigureAwait(false);
            isConnected = true;
            firewall.Add(Rules(address, published));
            lock (_gate)
            {
                _links.Add(hostLink);
            }

            return new(request.Container, network.Id, network.Name, endpoint, namespaces.PathOf(request.Container), hostLink,
                address, bridge.Subnet.PrefixLength, bridge.Subnet.Gateway, FormatMac(address), published);
        }
        catch
        {
            // What cannot fail comes first.
            ports.Release(published);
            reaper.Delete(hostLink, () => Release(address));
            if (isConnected)
            {
                namespaces.Remove(request.Container);
            }

            throw;
        }
    }

    public void Disconnect(NetworkAttachment attachment)
    {
        if (attachment.Address is not { } address)
        {
            return;
        }

        // Rules first: nothing may be sent to an address that is about to be somebody else's.
        firewall.Remove(Rules(address, attachment.Ports));
        ports.Release(attachment.Ports);
        namespaces.Remove(attachment.Container);
        if (attachment.HostLink is not { } hostLink)
        {
            Release(address);
            return;
        }

        lock (_gate)
        {
            _links.Remove(hostLink);
        }

        // The address is nobody's before the link that answers for it is gone.
        reaper.Delete(hostLink, () => Release(address));
    }

    /// <summary>Sets the bridge and its rules up with these connections in force, and removes the links of all others.</summary>
    public void Restore(IReadOnlyList<NetworkAttachment> live)
    {
        bridge.Ensure();
        lock (_gate)
        {
            _links.Clear();
            _links.UnionWith(live.Select(a => a.HostLink).OfType<string>());
            _ipam = new(bridge.Subnet);
        }

        bridge.Gather(_links);
        var swept = bridge.Sweep(_links);
        if (swept > 0)
        {
            logger.LinksSwept(swept);
        }

        lock (_gate)
        {
            foreach (var attachment in live)
            {
                if (attachment.Address is { } address && !_ipam!.Reserve(address))
                {
                    logger.AddressTaken(attachment.Container.Abbreviated, address);
                }
            }
        }

        foreach (var attachment in live)
        {
            foreach (var lost in ports.Restore(attachment.Ports))
            {
                logger.PortLost(attachment.Container.Abbreviated, lost.HostAddress, lost.HostPort, lost.Protocol);
            }
        }

        firewall.Reset(live.Where(a => a.Address is not null).SelectMany(a => Rules(a.Address!, a.Ports)));
    }

    /// <summary>Puts back what somebody else took away from the kernel.</summary>
    public void Repair()
    {
        RepairBridge();
        if (firewall.Repair())
        {
            logger.RulesRepaired();
        }
    }

    /// <summary>Removes the rules and the bridge.</summary>
    public void TearDown()
    {
        firewall.TearDown();
        bridge.TearDown();
    }

    private void RepairBridge()
    {
        if (!bridge.IsMissing())
        {
            return;
        }

        lock (_gate)
        {
            if (bridge.Ensure())
            {
                bridge.Gather(_links);
                logger.BridgeRepaired();
            }
        }
    }

    private static List<PortRule> Rules(IPAddress address, IReadOnlyList<PublishedPort> ports) =>
        [.. ports.Select(p => new PortRule(p.Protocol, p.HostAddress, p.HostPort, address, p.ContainerPort))];

    private static string FormatMac(IPAddress address) =>
        string.Join(':', Ipv4Subnet.MacOf(address).GetAddressBytes().Select(b => b.ToString("x2", null)));

    private void Release(IPAddress address)
    {
        lock (_gate)
        {
            _ipam!.Release(address);
        }
    }
}
