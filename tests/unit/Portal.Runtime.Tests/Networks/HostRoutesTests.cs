using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class HostRoutesTests
{
    private const string Table = """
        Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT                                                       
        eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0                                                                               
        eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0                                                                               
        portal0	00001DAC	00000000	0001	0	0	0	0000FFFF	0	0	0                                                                             
        tun0	00000000	00000000	0001	0	0	0	00000080	0	0	0                                                                                
        """;

    private static readonly IReadOnlyList<HostRoute> s_routes = [.. HostRoutes.ParseIPv4(Table)];

    [Fact]
    public void ParseIPv6_KernelsTable_LeavesOutWhatLeadsNowhereOrIsEverywhere()
    {
        const string table = """
            fd770001000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    br-1
            fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    eth0
            ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    eth0
            00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo

            """;

        Assert.Equal([new HostRoute("br-1", Subnet.Parse("fd77:1::/64"))], HostRoutes.ParseIPv6(table));
    }

    [Fact]
    public void DefaultLink_TableWithDefaultRoute_IsItsLink() => Assert.Equal("eth0", HostRoutes.DefaultLink(s_routes));

    [Fact]
    public void DefaultLink_NoDefaultRoute_IsNull() => Assert.Null(HostRoutes.DefaultLink([.. HostRoutes.ParseIPv4(Table.Split('\n')[0])]));

    [Theory]
    [InlineData("192.0.0.0/16", "portal0", "eth0")]
    [InlineData("192.0.2.128/25", "portal0", "eth0")]
    [InlineData("172.29.0.0/16", "other0", "portal0")]
    [InlineData("172.29.0.0/16", "portal0", null)]
    [InlineData("10.0.0.0/8", "portal0", null)]
    public void FindOverlap_Subnet_NamesTheOtherLink(string subnet, string own, string? link) =>
        Assert.Equal(link, HostRoutes.FindOverlap(s_routes, Subnet.Parse(subnet), own)?.Link);
}
