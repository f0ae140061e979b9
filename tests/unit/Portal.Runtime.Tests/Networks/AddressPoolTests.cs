using System.Net;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class AddressPoolTests
{
    [Theory]
    [InlineData("172.29.0.0/16", null, "172.29.0.2", "172.29.0.3")]
    [InlineData("172.29.0.0/16", "172.29.5.0/24", "172.29.5.0", "172.29.5.1")]
    [InlineData("fd00::/64", null, "fd00::2", "fd00::3")]
    public void Allocate_FreshPool_StartsBehindTheGateway(string subnet, string? range, string first, string second)
    {
        var pool = Pool(subnet, range);

        Assert.Equal([first, second], [pool.Allocate().ToString(), pool.Allocate().ToString()]);
    }

    [Fact]
    public void Allocate_AfterRelease_GoesOnAndComesBackOnlyAfterAWholeRound()
    {
        var pool = Pool("10.0.0.0/29");
        var first = pool.Allocate();
        pool.Release(first);

        var round = Enumerable.Range(0, 5).Select(_ => pool.Allocate().ToString());

        Assert.Equal(["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.2"], round);
    }

    [Theory]
    [InlineData("10.0.0.0/30", null, 1, "10.0.0.0/30")]
    [InlineData("10.0.0.0/24", "10.0.0.8/30", 4, "10.0.0.8/30")]
    [InlineData("10.0.0.0/24", "10.0.0.0/30", 2, "10.0.0.0/30")]
    [InlineData("fd00::/126", null, 2, "fd00::/126")]
    public void Allocate_PoolExhausted_SaysWhichRange(string subnet, string? range, int size, string named)
    {
        var pool = Pool(subnet, range);
        // One beside the range must not count as one of it.
        pool.Reserve(IPAddress.Parse("10.0.0.200"));
        var all = Enumerable.Range(0, size).Select(_ => pool.Allocate()).ToList();

        var e = Assert.Throws<ErrorException>(() => pool.Allocate());

        Assert.Equal(size, all.Distinct().Count());
        Assert.Equal(ErrorKind.Internal, e.Error.Kind);
        Assert.EndsWith(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Allocate_WholeSubnetReleasedAndTakenAgain_GivesEveryAddressOnce()
    {
        var pool = Pool("10.0.0.0/22");
        for (var round = 0; round < 2; round++)
        {
            var all = Enumerable.Range(0, 1021).Select(_ => pool.Allocate()).ToList();
            Assert.Equal(1021, all.Distinct().Count());
            Assert.DoesNotContain(IPAddress.Parse("10.0.0.1"), all);
            Assert.DoesNotContain(IPAddress.Parse("10.0.3.255"), all);
            all.ForEach(pool.Release);
        }
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.1.0")]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.255")]
    [InlineData("10.0.0.9")]
    public void Reserve_GatewayBroadcastAuxiliaryOrForeign_IsRefused(string address)
    {
        var pool = new AddressPool(Subnet.Parse("10.0.0.0/24"), null, [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.9")]);

        Assert.False(pool.Reserve(IPAddress.Parse(address)));
    }

    [Fact]
    public void Reserve_FreeAddress_IsNotGivenOut()
    {
        var pool = Pool("10.0.0.0/24");

        Assert.True(pool.Reserve(IPAddress.Parse("10.0.0.2")));
        Assert.False(pool.Reserve(IPAddress.Parse("10.0.0.2")));
        Assert.Equal("10.0.0.3", pool.Allocate().ToString());
    }

    [Fact]
    public void Release_Gateway_StaysTaken()
    {
        var pool = Pool("10.0.0.0/30");
        pool.Release(IPAddress.Parse("10.0.0.1"));
        pool.Allocate();

        Assert.Throws<ErrorException>(() => pool.Allocate());
    }

    [Fact]
    public void Allocate_PairOfAddresses_HasNeitherNetworkNorBroadcast()
    {
        var pool = new AddressPool(Subnet.Parse("10.0.0.0/31"), null, [IPAddress.Parse("10.0.0.0")]);

        Assert.Equal("10.0.0.1", pool.Allocate().ToString());
    }

    private static AddressPool Pool(string subnet, string? range = null)
    {
        var whole = Subnet.Parse(subnet);
        return new(whole, range is null ? null : Subnet.Parse(range), [whole.At(1)]);
    }
}
