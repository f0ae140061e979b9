using System.Net;
using System.Net.NetworkInformation;

namespace Portal.Runtime.Linux.Netlink;

/// <summary>Links, addresses and routes of the network namespace in which it was opened. Safe for concurrent use.</summary>
internal sealed class RouteSocket : IDisposable
{
    private readonly NetlinkSocket _socket = new(Libc.NetlinkRoute);

    public void CreateBridge(string name, PhysicalAddress mac, int mtu) =>
        _socket.Exchange(RouteMessages.CreateBridge(name, mac, mtu), "create bridge", name);

    public void CreateVeth(string name, int bridge, int mtu, string peerName, PhysicalAddress peerMac, int namespaceFd) =>
        _socket.Exchange(RouteMessages.CreateVeth(name, bridge, mtu, peerName, peerMac, namespaceFd), "create veth", name);

    public void SetUp(int index, string name) => _socket.Exchange(RouteMessages.SetUp(index), "set link up", name);

    public void SetMaster(LinkInfo link, int bridge) =>
        _socket.Exchange(RouteMessages.SetMaster(link.Index, bridge), "set link master", link.Name);

    public void SetHairpin(string name, bool isolated) => _socket.Exchange(RouteMessages.SetHairpin(name, isolated), "set hairpin", name);

    /// <summary>Makes a link below another one, inside a namespace.</summary>
    public void CreateSublink(string kind, string name, int parent, int mode, int flag, int mtu, PhysicalAddress? mac, int namespaceFd) =>
        _socket.Exchange(RouteMessages.CreateSublink(kind, name, parent, mode, flag, mtu, mac, namespaceFd), "create " + kind, name);

    /// <summary>Whether the kernel knows a kind of links, or loads the module for it.</summary>
    public bool Knows(string kind)
    {
        try
        {
            // Below nothing there can be no link: no kernel makes one, and one that knows the kind says so.
            _socket.Exchange(RouteMessages.CreateSublink(kind, "probe", 0, 0, 0, 0, null, -1), "create " + kind, "probe");
            return true;
        }
        catch (LinuxException e)
        {
            return e.Errno != Errno.EOPNOTSUPP;
        }
    }

    public void CreateVlan(string name, int parent, int number) => _socket.Exchange(RouteMessages.CreateVlan(name, parent, number), "create vlan", name);

    public void CreateDummy(string name) => _socket.Exchange(RouteMessages.CreateDummy(name), "create dummy", name);

    public void SetAlias(LinkInfo link, string alias) => _socket.Exchange(RouteMessages.SetAlias(link.Index, alias), "set alias", link.Name);

    /// <summary>Keeps the kernel from giving a link an IPv6 address by itself; without IPv6 there is nothing to do.</summary>
    public void SetNoOwnAddress(string name)
    {
        if (Directory.Exists("/proc/sys/net/ipv6"))
        {
            _socket.Exchange(RouteMessages.SetNoOwnAddress(name), "set address generation", name);
        }
    }

    /// <summary>Deletes a link; absent is success.</summary>
    public void DeleteLink(string name)
    {
        try
        {
            _socket.Exchange(RouteMessages.DeleteLink(name), "delete link", name);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENODEV)
        {
        }
    }

    /// <summary>Finds a link; null when there is none of that name.</summary>
    public LinkInfo? FindLink(string name)
    {
        LinkInfo? found = null;
        try
        {
            _socket.Exchange(RouteMessages.GetLink(name), "get link", name, reply => found ??= RouteMessages.ReadLink(reply));
        }
        catch (LinuxException e) when (e.Errno == Errno.ENODEV)
        {
        }

        return found;
    }

    public IReadOnlyList<LinkInfo> ListLinks()
    {
        List<LinkInfo> links = [];
        _socket.Exchange(RouteMessages.ListLinks(), "list links", "all", reply =>
        {
            if (RouteMessages.ReadLink(reply) is { } link)
            {
                links.Add(link);
            }
        });
        return links;
    }

    /// <summary>Gives the link an address; one that it has already is success.</summary>
    public void AddAddress(int index, IPAddress address, int prefixLength, IPAddress? broadcast)
    {
        try
        {
            _socket.Exchange(RouteMessages.AddAddress(index, address, prefixLength, broadcast), "add address", $"{address}/{prefixLength}");
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
        }
    }

    /// <summary>Leads everything to the gateway; null for the link itself.</summary>
    public void SetDefaultRoute(IPAddress? gateway, bool isIPv6, int index) =>
        _socket.Exchange(RouteMessages.SetDefaultRoute(gateway, isIPv6, index), "set default route", gateway?.ToString() ?? "link");

    public void Dispose() => _socket.Dispose();
}
