using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux.Netlink;

/// <summary>A network link as the kernel lists it.</summary>
/// <param name="Index">Interface index.</param>
/// <param name="Name">Interface name.</param>
/// <param name="Master">Index of the bridge it is a port of; 0 for none.</param>
/// <param name="Mtu">Bytes.</param>
/// <param name="IsUp">Administratively up.</param>
/// <param name="Alias">A text beside the name; empty for none.</param>
internal sealed record LinkInfo(int Index, string Name, int Master, int Mtu, bool IsUp, string Alias = "");

/// <summary>Requests of rtnetlink (linux/rtnetlink.h, linux/if_link.h) as bytes, and links read back from bytes. No I/O.</summary>
internal static class RouteMessages
{
    private const ushort NewLink = 16;
    private const ushort DeleteLinkType = 17;
    private const ushort GetLinkType = 18;
    private const ushort NewAddress = 20;
    private const ushort NewRoute = 24;
    private const ushort LinkParent = 5;
    private const ushort LinkAlias = 20;
    private const ushort VlanNumber = 1;
    private const ushort MacvlanMode = 1;
    private const ushort IpvlanMode = 1;
    private const ushort IpvlanFlags = 2;
    private const ushort BridgePortIsolated = 33;
    private const byte NoDuplicateDetection = 2;
    private const ushort LinkAddress = 1;
    private const ushort LinkName = 3;
    private const ushort LinkMtu = 4;
    private const ushort LinkMaster = 10;
    private const ushort LinkDetails = 18;
    private const ushort LinkKind = 1;
    private const ushort LinkData = 2;
    private const ushort LinkPortKind = 4;
    private const ushort LinkPortData = 5;
    private const ushort BridgePortHairpin = 4;
    private const ushort LinkNamespaceFd = 28;
    private const ushort VethPeer = 1;
    private const ushort LinkFamilies = 26;
    private const ushort FamilyIpv6 = 10;
    private const ushort AddressGeneration = 8;
    private const byte NoAddressGeneration = 1;
    private const byte LinkScope = 253;
    private const uint Up = 1;

    /// <summary>A bridge that is up, with a fixed hardware address: without one it changes with every port.</summary>
    public static NetlinkMessage CreateBridge(string name, PhysicalAddress mac, int mtu) =>
        Creation(NewLink)
            .Put(new NetlinkMessage.LinkHeader { Flags = Up, Change = Up })
            .Attribute(LinkName, name)
            .Attribute(LinkAddress, mac.GetAddressBytes())
            .Attribute(LinkMtu, mtu)
            .Nest(LinkDetails, m => m.Attribute(LinkKind, "bridge"));

    /// <summary>
    /// A veth pair in one step: this end a port of the bridge and up, the other born inside the namespace, so that
    /// it never exists in the host's. That one is still down: the kernel opens no end before both are there.
    /// </summary>
    public static NetlinkMessage CreateVeth(string name, int bridge, int mtu, string peerName, PhysicalAddress peerMac, int namespaceFd) =>
        Creation(NewLink)
            .Put(new NetlinkMessage.LinkHeader { Flags = Up, Change = Up })
            .Attribute(LinkName, name)
            .Attribute(LinkMtu, mtu)
            .Attribute(LinkMaster, bridge)
            .Nest(LinkDetails, details => details
                .Attribute(LinkKind, "veth")
                .Nest(LinkData, data => data
                    .Nest(VethPeer, peer => peer
                        .Put(default(NetlinkMessage.LinkHeader))
                        .Attribute(LinkName, peerName)
                        .Attribute(LinkAddress, peerMac.GetAddressBytes())
                        .Attribute(LinkMtu, mtu)
                        .Attribute(LinkNamespaceFd, namespaceFd))));

    /// <summary>A link below another one, born inside a namespace and still down there.</summary>
    /// <param name="kind"><c>macvlan</c> or <c>ipvlan</c>.</param>
    /// <param name="name">Of the new link.</param>
    /// <param name="parent">Index of the link above, in the namespace of the socket.</param>
    /// <param name="mode">In the kind's own numbers.</param>
    /// <param name="flag">Of ipvlan.</param>
    /// <param name="mtu">0 for that of the parent.</param>
    /// <param name="mac">Null for one of the kernel's.</param>
    /// <param name="namespaceFd">Where it is born; negative for here.</param>
    public static NetlinkMessage CreateSublink(string kind, string name, int parent, int mode, int flag, int mtu, PhysicalAddress? mac, int namespaceFd)
    {
        var message = Creation(NewLink)
            .Put(default(NetlinkMessage.LinkHeader))
            .Attribute(LinkName, name)
            .Attribute(LinkParent, parent);
        if (namespaceFd >= 0)
        {
            message.Attribute(LinkNamespaceFd, namespaceFd);
        }

        if (mac is not null)
        {
            message.Attribute(LinkAddress, mac.GetAddressBytes());
        }

        if (mtu > 0)
        {
            message.Attribute(LinkMtu, mtu);
        }

        return message.Nest(LinkDetails, details => details
            .Attribute(LinkKind, kind)
            .Nest(LinkData, data =>
            {
                if (kind == "macvlan")
                {
                    data.Attribute(MacvlanMode, mode);
                }
                else
                {
                    data.Attribute(IpvlanMode, Short(mode)).Attribute(IpvlanFlags, Short(flag));
                }
            }));
    }

    /// <summary>A VLAN of a link, up.</summary>
    public static NetlinkMessage CreateVlan(string name, int parent, int number) =>
        Creation(NewLink)
            .Put(new NetlinkMessage.LinkHeader { Flags = Up, Change = Up })
            .Attribute(LinkName, name)
            .Attribute(LinkParent, parent)
            .Nest(LinkDetails, details => details
                .Attribute(LinkKind, "vlan")
                .Nest(LinkData, data => data.Attribute(VlanNumber, Short(number))));

    /// <summary>A link that leads nowhere, up.</summary>
    public static NetlinkMessage CreateDummy(string name) =>
        Creation(NewLink)
            .Put(new NetlinkMessage.LinkHeader { Flags = Up, Change = Up })
            .Attribute(LinkName, name)
            .Nest(LinkDetails, details => details.Attribute(LinkKind, "dummy"));

    /// <summary>A text beside the name, by which a link is known again.</summary>
    public static NetlinkMessage SetAlias(int index, string alias) =>
        Change(NewLink).Put(new NetlinkMessage.LinkHeader { Index = index }).Attribute(LinkAlias, alias);

    public static NetlinkMessage SetUp(int index) =>
        Change(NewLink).Put(new NetlinkMessage.LinkHeader { Index = index, Flags = Up, Change = Up });

    public static NetlinkMessage SetMaster(int index, int bridge) =>
        Change(NewLink).Put(new NetlinkMessage.LinkHeader { Index = index }).Attribute(LinkMaster, bridge);

    /// <summary>Lets a bridge port send frames back where they came from.</summary>
    /// <param name="name">The port.</param>
    /// <param name="isolated">It exchanges frames with the host only, not with other ports that are so.</param>
    public static NetlinkMessage SetHairpin(string name, bool isolated = false) =>
        Change(NewLink)
            .Put(default(NetlinkMessage.LinkHeader))
            .Attribute(LinkName, name)
            .Nest(LinkDetails, details => details
                .Attribute(LinkPortKind, "bridge")
                .Nest(LinkPortData, data =>
                {
                    data.Attribute(BridgePortHairpin, [1]);
                    if (isolated)
                    {
                        data.Attribute(BridgePortIsolated, [1]);
                    }
                }));

    /// <summary>Keeps the kernel from giving a link an IPv6 address by itself (IFLA_INET6_ADDR_GEN_MODE none).</summary>
    public static NetlinkMessage SetNoOwnAddress(string name) =>
        Change(NewLink)
            .Put(default(NetlinkMessage.LinkHeader))
            .Attribute(LinkName, name)
            .Nest(LinkFamilies, families => families
                .Nest(FamilyIpv6, ipv6 => ipv6.Attribute(AddressGeneration, [NoAddressGeneration])));

    public static NetlinkMessage DeleteLink(string name) =>
        Change(DeleteLinkType).Put(default(NetlinkMessage.LinkHeader)).Attribute(LinkName, name);

    public static NetlinkMessage GetLink(string name) =>
        Change(GetLinkType).Put(default(NetlinkMessage.LinkHeader)).Attribute(LinkName, name);

    public static NetlinkMessage ListLinks() =>
        new NetlinkMessage(GetLinkType, NetlinkMessage.Request | NetlinkMessage.Dump).Put(default(NetlinkMessage.LinkHeader));

    /// <summary>Gives a link an address. One of IPv6 is good at once: whoever gave it out knows that nobody else has it.</summary>
    /// <param name="index">The link.</param>
    /// <param name="address">Of either family.</param>
    /// <param name="prefixLength">Of its subnet.</param>
    /// <param name="broadcast">Of IPv4; null for none.</param>
    public static NetlinkMessage AddAddress(int index, IPAddress address, int prefixLength, IPAddress? broadcast)
    {
        var family = FamilyOf(address);
        var message = Creation(NewAddress)
            .Put(new NetlinkMessage.AddressHeader
            {
                Family = family, PrefixLength = (byte)prefixLength, Flags = family == Libc.AfInet ? (byte)0 : NoDuplicateDetection, Index = index,
            })
            .Attribute(1, address)
            .Attribute(2, address);
        return broadcast is null ? message : message.Attribute(4, broadcast);
    }

    /// <summary>Everything via the gateway, in the main table, instead of what was the way before.</summary>
    /// <param name="gateway">Null when everything is behind the link itself.</param>
    /// <param name="isIPv6">Which family.</param>
    /// <param name="index">The link.</param>
    public static NetlinkMessage SetDefaultRoute(IPAddress? gateway, bool isIPv6, int index)
    {
        var message = new NetlinkMessage(NewRoute, NetlinkMessage.Request | NetlinkMessage.Ack | NetlinkMessage.Create | NetlinkMessage.Replace)
            .Put(new NetlinkMessage.RouteHeader
            {
                Family = isIPv6 ? (byte)FamilyIpv6 : (byte)Libc.AfInet, Table = 254, Protocol = 3, Type = 1, Scope = gateway is null && !isIPv6 ? LinkScope : (byte)0,
            });
        if (gateway is not null)
        {
            message.Attribute(5, gateway);
        }

        return message.Attribute(4, index);
    }

    /// <summary>Reads a link; null when the message is something else.</summary>
    public static LinkInfo? ReadLink(NetlinkReply reply)
    {
        var size = Marshal.SizeOf<NetlinkMessage.LinkHeader>();
        if (reply.Type != NewLink || reply.Payload.Length < size)
        {
            return null;
        }

        var header = MemoryMarshal.Read<NetlinkMessage.LinkHeader>(reply.Payload);
        var (name, master, mtu, alias) = ("", 0, 0, "");
        foreach (var attribute in NetlinkReply.Attributes(reply.Payload, size))
        {
            switch (attribute.Type)
            {
                case LinkName:
                    name = attribute.Text;
                    break;
                case LinkAlias:
                    alias = attribute.Text;
                    break;
                case LinkMaster:
                    master = attribute.Number;
                    break;
                case LinkMtu:
                    mtu = attribute.Number;
                    break;
            }
        }

        return new(header.Index, name, master, mtu, (header.Flags & Up) != 0, alias);
    }

    private static byte FamilyOf(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? (byte)FamilyIpv6 : (byte)Libc.AfInet;

    private static byte[] Short(int value) => BitConverter.GetBytes((ushort)value);

    private static NetlinkMessage Creation(ushort type) =>
        new(type, NetlinkMessage.Request | NetlinkMessage.Ack | NetlinkMessage.Create | NetlinkMessage.Exclusive);

    private static NetlinkMessage Change(ushort type) => new(type, NetlinkMessage.Request | NetlinkMessage.Ack);
}
