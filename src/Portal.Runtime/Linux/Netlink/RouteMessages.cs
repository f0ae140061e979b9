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
internal sealed record LinkInfo(int Index, string Name, int Master, int Mtu, bool IsUp);

/// <summary>Requests of rtnetlink (linux/rtnetlink.h, linux/if_link.h) as bytes, and links read back from bytes. No I/O.</summary>
internal static class RouteMessages
{
    private const ushort NewLink = 16;
    private const ushort DeleteLinkType = 17;
    private const ushort GetLinkType = 18;
    private const ushort NewAddress = 20;
    private const ushort NewRoute = 24;
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

    public static NetlinkMessage SetUp(int index) =>
        Change(NewLink).Put(new NetlinkMessage.LinkHeader { Index = index, Flags = Up, Change = Up });

    public static NetlinkMessage SetMaster(int index, int bridge) =>
        Change(NewLink).Put(new NetlinkMessage.LinkHeader { Index = index }).Attribute(LinkMaster, bridge);

    /// <summary>Lets a bridge port send frames back where they came from.</summary>
    public static NetlinkMessage SetHairpin(string name) =>
        Change(NewLink)
            .Put(default(NetlinkMessage.LinkHeader))
            .Attribute(LinkName, name)
            .Nest(LinkDetails, details => details
                .Attribute(LinkPortKind, "bridge")
                .Nest(LinkPortData, data => data.Attribute(BridgePortHairpin, [1])));

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

    public static NetlinkMessage AddAddress(int index, IPAddress address, int prefixLength, IPAddress broadcast) =>
        Creation(NewAddress)
            .Put(new NetlinkMessage.AddressHeader { Family = Libc.AfInet, PrefixLength = (byte)prefixLength, Index = index })
            .Attribute(1, address)
            .Attribute(2, address)
            .Attribute(4, broadcast);

    /// <summary>0.0.0.0/0 via the gateway, in the main table.</summary>
    public static NetlinkMessage AddDefaultRoute(IPAddress gateway, int index) =>
        Creation(NewRoute)
            .Put(new NetlinkMessage.RouteHeader { Family = Libc.AfInet, Table = 254, Protocol = 3, Type = 1 })
            .Attribute(5, gateway)
            .Attribute(4, index);

    /// <summary>Reads a link; null when the message is something else.</summary>
    public static LinkInfo? ReadLink(NetlinkReply reply)
    {
        var size = Marshal.SizeOf<NetlinkMessage.LinkHeader>();
        if (reply.Type != NewLink || reply.Payload.Length < size)
        {
            return null;
        }

        var header = MemoryMarshal.Read<NetlinkMessage.LinkHeader>(reply.Payload);
        var (name, master, mtu) = ("", 0, 0);
        foreach (var attribute in NetlinkReply.Attributes(reply.Payload, size))
        {
            switch (attribute.Type)
            {
                case LinkName:
                    name = attribute.Text;
                    break;
                case LinkMaster:
                    master = attribute.Number;
                    break;
                case LinkMtu:
                    mtu = attribute.Number;
                    break;
            }
        }

        return new(header.Index, name, master, mtu, (header.Flags & Up) != 0);
    }

    private static NetlinkMessage Creation(ushort type) =>
        new(type, NetlinkMessage.Request | NetlinkMessage.Ack | NetlinkMessage.Create | NetlinkMessage.Exclusive);

    private static NetlinkMessage Change(ushort type) => new(type, NetlinkMessage.Request | NetlinkMessage.Ack);
}
