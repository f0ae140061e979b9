using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class Ipv4SubnetTests
{
    [Theory]
    [InlineData("172.29.0.0")]
    [InlineData("172.29.0.0/31")]
    [InlineData("172.29.0.1/16")]
    [InlineData("fd00::/64")]
    [InlineData("172.29.0.0/+16")]
    [InlineData("10.0.0.0/7")]
    public void Parse_NotASubnetForContainers_IsRefused(string cidr) =>
        Assert.Throws<FormatException>(() => Ipv4Subnet.Parse(cidr));

    [Fact]
    public void Parse_Subnet_KnowsItsEdges()
    {
        var subnet = Ipv4Subnet.Parse("172.29.128.0/17");

        Assert.Equal(("172.29.128.1", "172.29.255.255", "172.29.128.0/17"), (subnet.Gateway.ToString(), subnet.Broadcast.ToString(), subnet.ToString()));
        Assert.Equal(-1, subnet.OffsetOf(IPAddress.Parse("172.29.127.255")));
        Assert.Equal(258, subnet.OffsetOf(IPAddress.Parse("172.29.129.2")));
    }

    [Fact]
    public void MacOf_Address_IsDockersForm() =>
        Assert.Equal("0242AC1D0A03", Ipv4Subnet.MacOf(IPAddress.Parse("172.29.10.3")).ToString());
}
