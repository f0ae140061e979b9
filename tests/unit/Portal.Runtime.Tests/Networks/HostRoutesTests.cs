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

    [Fact]
    public void DefaultLink_TableWithDefaultRoute_IsItsLink() => Assert.Equal("eth0", HostRoutes.DefaultLink(Table));

    [Fact]
    public void DefaultLink_NoDefaultRoute_IsNull() => Assert.Null(HostRoutes.DefaultLink(Table.Split('\n')[0]));

    [Theory]
    [InlineData("192.0.0.0/16", "portal0", "eth0")]
    [InlineData("192.0.2.128/25", "portal0", "eth0")]
    [InlineData("172.29.0.0/16", "other0", "portal0")]
    [InlineData("172.29.0.0/16", "portal0", null)]
    [InlineData("10.0.0.0/8", "portal0", null)]
    public void FindOverlap_Subnet_NamesTheOtherLink(string subnet, string own, string? link) =>
        Assert.Equal(link, HostRoutes.FindOverlap(Table, Ipv4Subnet.Parse(subnet), own)?.Link);
}
