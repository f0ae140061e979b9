using System.Net;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class IpamTests
{
    [Fact]
    public void Allocate_FreshPool_StartsBehindTheGateway()
    {
        var ipam = new Ipam(Ipv4Subnet.Parse("172.29.0.0/16"));

        Assert.Equal(["172.29.0.2", "172.29.0.3"], [ipam.Allocate().ToString(), ipam.Allocate().ToString()]);
    }

    [Fact]
    public void Allocate_AfterRelease_GoesOnAndComesBackOnlyAfterAWholeRound()
    {
        var ipam = new Ipam(Ipv4Subnet.Parse("10.0.0.0/29"));
        var first = ipam.Allocate();
        ipam.Release(first);

        var round = Enumerable.Range(0, 5).Select(_ => ipam.Allocate().ToString());

        Assert.Equal(["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.2"], round);
    }

    [Fact]
    public void Allocate_PoolExhausted_SaysWhichSubnet()
    {
        var ipam = new Ipam(Ipv4Subnet.Parse("10.0.0.0/30"));
        ipam.Allocate();

        var e = Assert.Throws<ErrorException>(ipam.Allocate);

        Assert.Equal(ErrorKind.Internal, e.Error.Kind);
        Assert.Contains("10.0.0.0/30", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Allocate_WholeSubnetReleasedAndTakenAgain_GivesEveryAddressOnce()
    {
        var ipam = new Ipam(Ipv4Subnet.Parse("10.0.0.0/22"));
        for (var round = 0; round < 2; round++)
        {
            var all = Enumerable.Range(0, 1021).Select(_ => ipam.Allocate()).ToList();
            Assert.Equal(1021, all.Distinct().Count());
            Assert.DoesNotContain(IPAddress.Parse("10.0.0.1"), all);
            Assert.DoesNotContain(IPAddress.Parse("10.0.3.255"), all);
            all.ForEach(ipam.Release);
        }
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.1.0")]
    [InlineData("10.0.0.255")]
    public void Reserve_GatewayBroadcastOrForeign_IsRefused(string address)
    {
        var ipam = new Ipam(Ipv4Subnet.Parse("10.0.0.0/24"));

        Assert.False(ipam.Reserve(IPAddress.Parse(address)));
    }

    [Fact]
    public void Reserve_FreeAddress_IsNotGivenOut()
    {
        var ipam = new Ipam(Ipv4Subnet.Parse("10.0.0.0/24"));

        Assert.True(ipam.Reserve(IPAddress.Parse("10.0.0.2")));
        Assert.False(ipam.Reserve(IPAddress.Parse("10.0.0.2")));
        Assert.Equal("10.0.0.3", ipam.Allocate().ToString());
    }

    [Fact]
    public void Release_Gateway_StaysTaken()
    {
        var ipam = new Ipam(Ipv4Subnet.Parse("10.0.0.0/30"));
        ipam.Release(IPAddress.Parse("10.0.0.1"));
        ipam.Allocate();

        Assert.Throws<ErrorException>(ipam.Allocate);
    }
}
