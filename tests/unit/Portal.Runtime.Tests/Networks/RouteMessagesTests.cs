using System.Net;
using System.Net.NetworkInformation;
using Portal.Runtime.Linux;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Tests.Networks;

/// <summary>Bytes as a little-endian kernel takes and gives them.</summary>
public class RouteMessagesTests
{
    [Fact]
    public void CreateBridge_Bytes_AreTheKernels() => Assert.Equal(
        "4c000000 1000 0506 07000000 00000000" // length, RTM_NEWLINK, REQUEST|ACK|EXCL|CREATE, sequence, port
        + "00000000 00000000 01000000 01000000" // ifinfomsg: up
        + "0800 0300 62723000" // IFLA_IFNAME "br0"
        + "0a00 0100 0242ac1d0001 0000" // IFLA_ADDRESS, padded
        + "0800 0400 dc050000" // IFLA_MTU 1500
        + "1000 1200 0b00 0100 62726964676500 00", // IFLA_LINKINFO { IFLA_INFO_KIND "bridge" }
        Hex(RouteMessages.CreateBridge("br0", new PhysicalAddress([2, 0x42, 0xac, 0x1d, 0, 1]), 1500)), Spaceless.Instance);

    [Fact]
    public void CreateVeth_Bytes_NestThePeer() => Assert.Equal(
        "88000000 1000 0506 07000000 00000000"
        + "00000000 00000000 01000000 01000000"
        + "0800 0300 76683000" // "vh0"
        + "0800 0400 78050000" // 1400
        + "0800 0a00 09000000" // IFLA_MASTER 9
        + "5000 1200" // IFLA_LINKINFO
        + "0900 0100 7665746800 000000" // "veth"
        + "4000 0200 3c00 0100" // IFLA_INFO_DATA { VETH_INFO_PEER
        + "00000000 00000000 00000000 00000000" // its own ifinfomsg
        + "0900 0300 6574683000 000000" // "eth0"
        + "0a00 0100 0242ac1d0002 0000"
        + "0800 0400 78050000"
        + "0800 1c00 2a000000", // IFLA_NET_NS_FD 42
        Hex(RouteMessages.CreateVeth("vh0", 9, 1400, "eth0", new PhysicalAddress([2, 0x42, 0xac, 0x1d, 0, 2]), 42)), Spaceless.Instance);

    [Fact]
    public void SetNoOwnAddress_Bytes_AreTheKernels() => Assert.Equal(
        "38000000 1000 0500 07000000 00000000"
        + "00000000 00000000 00000000 00000000"
        + "0800 0300 76683000" // "vh0"
        + "1000 1a00 0c00 0a00" // IFLA_AF_SPEC { AF_INET6 {
        + "0500 0800 01000000", // IFLA_INET6_ADDR_GEN_MODE none
        Hex(RouteMessages.SetNoOwnAddress("vh0")), Spaceless.Instance);

    [Fact]
    public void AddAddress_Bytes_AreTheKernels() => Assert.Equal(
        "30000000 1400 0506 07000000 00000000 02100000 05000000 08000100 ac1d0002 08000200 ac1d0002 08000400 ac1dffff",
        Hex(RouteMessages.AddAddress(5, IPAddress.Parse("172.29.0.2"), 16, IPAddress.Parse("172.29.255.255"))), Spaceless.Instance);

    [Fact]
    public void AddAddress_OfIPv6_IsGoodAtOnce() => Assert.Equal(
        "40000000 1400 0506 07000000 00000000 0a400200 05000000 14000100 fd000000000000000000000000000002 14000200 fd000000000000000000000000000002",
        Hex(RouteMessages.AddAddress(5, IPAddress.Parse("fd00::2"), 64, null)), Spaceless.Instance);

    [Fact]
    public void SetDefaultRoute_Bytes_AreTheKernels() => Assert.Equal(
        "2c000000 1800 0505 07000000 00000000 02000000 fe030001 00000000 08000500 ac1d0001 08000400 02000000",
        Hex(RouteMessages.SetDefaultRoute(IPAddress.Parse("172.29.0.1"), false, 2)), Spaceless.Instance);

    [Fact]
    public void SetDefaultRoute_OfIPv6ByTheLink_HasNoGateway() => Assert.Equal(
        "24000000 1800 0505 07000000 00000000 0a000000 fe030001 00000000 08000400 02000000",
        Hex(RouteMessages.SetDefaultRoute(null, true, 2)), Spaceless.Instance);

    [Fact]
    public void CreateSublink_Bytes_AreTheKernels() => Assert.Equal(
        "58000000 1000 0506 07000000 00000000"
        + "00000000 00000000 00000000 00000000"
        + "0900 0300 6574683000 000000" // "eth0"
        + "0800 0500 03000000" // IFLA_LINK 3
        + "0800 1c00 2a000000" // IFLA_NET_NS_FD 42
        + "1c00 1200" // IFLA_LINKINFO
        + "0c00 0100 6d6163766c616e00" // "macvlan"
        + "0c00 0200 0800 0100 04000000", // IFLA_INFO_DATA { IFLA_MACVLAN_MODE bridge }
        Hex(RouteMessages.CreateSublink("macvlan", "eth0", 3, 4, 0, 0, null, 42)), Spaceless.Instance);

    [Fact]
    public void CreateSublink_OfIpvlan_HasItsModeAndFlagInShorts() => Assert.Equal(
        "68000000 1000 0506 07000000 00000000"
        + "00000000 00000000 00000000 00000000"
        + "0900 0300 6574683000 000000" // "eth0"
        + "0800 0500 03000000" // IFLA_LINK 3
        + "0800 1c00 2a000000" // IFLA_NET_NS_FD 42
        + "0800 0400 78050000" // IFLA_MTU 1400
        + "2400 1200" // IFLA_LINKINFO
        + "0b00 0100 6970766c616e00 00" // "ipvlan"
        + "1400 0200 0600 0100 0100 0000 0600 0200 0200 0000", // IFLA_INFO_DATA { IFLA_IPVLAN_MODE l3, IFLA_IPVLAN_FLAGS vepa }
        Hex(RouteMessages.CreateSublink("ipvlan", "eth0", 3, 1, 2, 1400, null, 42)), Spaceless.Instance);

    [Fact]
    public void CreateVlan_Bytes_AreTheKernels() => Assert.Equal(
        "50000000 1000 0506 07000000 00000000"
        + "00000000 00000000 01000000 01000000" // up
        + "0c00 0300 657468302e353000" // "eth0.50"
        + "0800 0500 03000000" // IFLA_LINK 3
        + "1c00 1200" // IFLA_LINKINFO
        + "0900 0100 766c616e00 000000" // "vlan"
        + "0c00 0200 0600 0100 3200 0000", // IFLA_INFO_DATA { IFLA_VLAN_ID 50 }
        Hex(RouteMessages.CreateVlan("eth0.50", 3, 50)), Spaceless.Instance);

    [Fact]
    public void SetHairpin_Isolated_IsSaidToo()
    {
        Assert.EndsWith("0c000500 05000400 01000000".Replace(" ", "", StringComparison.Ordinal), Hex(RouteMessages.SetHairpin("vh0")), StringComparison.Ordinal);
        Assert.EndsWith("14000500 05000400 01000000 05002100 01000000".Replace(" ", "", StringComparison.Ordinal), Hex(RouteMessages.SetHairpin("vh0", isolated: true)), StringComparison.Ordinal);
    }

    [Fact]
    public void ReadLink_KernelsAnswer_IsTheLink()
    {
        var bytes = Bytes("40000000 1000 0000 07000000 00000000 00000100 0b000000 43100100 00000000"
            + "08000300 76683000 08000400 78050000 0500ff00 01000000 08000a00 09000000");
        ReadOnlySpan<byte> datagram = bytes;

        Assert.True(NetlinkReply.TryTake(ref datagram, out var reply));
        Assert.Equal(new LinkInfo(11, "vh0", 9, 1400, true), RouteMessages.ReadLink(reply));
        Assert.True(datagram.IsEmpty);
    }

    [Fact]
    public void Reply_CappedErrorWithExplanation_GivesBoth()
    {
        ReadOnlySpan<byte> datagram = Bytes("30000000 0200 0003 07000000 00000000 efffffff"
            + "5c000000 1000 0506 07000000 00000000" // the request's header only: capped
            + "0c000100 6e6f207761792e00");

        Assert.True(NetlinkReply.TryTake(ref datagram, out var reply));
        Assert.True(reply.IsAck);
        Assert.Equal(Errno.EEXIST, reply.Errno);
        Assert.Equal("no way.", reply.Explanation);
    }

    [Theory]
    [InlineData("10000000 0300")]
    [InlineData("0f000000 0300 0000 00000000 00000000")]
    [InlineData("ff000000 0300 0000 00000000 00000000")]
    public void TryTake_TruncatedOrLyingLength_StopsReading(string hex)
    {
        ReadOnlySpan<byte> datagram = Bytes(hex);

        Assert.False(NetlinkReply.TryTake(ref datagram, out _));
    }

    [Theory]
    [InlineData("0000 0300")]
    [InlineData("0300 0300")]
    [InlineData("ff00 0300 61626300")]
    public void Attributes_LyingLength_EndTheWalk(string hex)
    {
        var count = 0;
        foreach (var _ in NetlinkReply.Attributes(Bytes(hex), 0))
        {
            count++;
        }

        Assert.Equal(0, count);
    }

    private static string Hex(NetlinkMessage message) => Convert.ToHexStringLower(message.ToArray(7));

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>Compares hexadecimal text without its grouping.</summary>
    private sealed class Spaceless : IEqualityComparer<string>
    {
        public static readonly Spaceless Instance = new();

        public bool Equals(string? x, string? y) => x!.Replace(" ", "", StringComparison.Ordinal) == y!.Replace(" ", "", StringComparison.Ordinal);

        public int GetHashCode(string text) => 0;
    }
}
