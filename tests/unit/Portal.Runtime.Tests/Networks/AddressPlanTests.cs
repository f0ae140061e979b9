using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class AddressPlanTests
{
    private static readonly NetworkSpec s_spec = new() { Name = "n", Driver = "bridge" };

    [Fact]
    public void Complete_NothingAsked_TakesTheFirstFreeDefault()
    {
        var plan = new AddressPlan(DefaultPool.Docker, [Subnet.Parse("172.17.0.0/16")], [new("eth0", Subnet.Parse("172.18.4.0/24"))]);

        Assert.Equal(new NetworkPool("172.19.0.0/16", "172.19.0.1", IsAutomatic: true), Assert.Single(plan.Complete(s_spec, true, "br-1")));
    }

    [Fact]
    public void Complete_OwnRoute_IsNoObstacle() => Assert.Equal(
        "172.17.0.0/16", new AddressPlan(DefaultPool.Docker, [], [new("br-1", Subnet.Parse("172.17.0.0/16"))]).Complete(s_spec, true, "br-1")[0].Subnet);

    [Fact]
    public void Complete_BothFamilies_HasAPoolOfEach()
    {
        var unique = AddressPlan.Unique("seed");
        var pools = new AddressPlan([.. DefaultPool.Docker, unique], [], []).Complete(s_spec with { EnableIPv6 = true }, true, "");

        Assert.Equal(2, pools.Count);
        Assert.True(unique.Base.Contains(Subnet.Parse(pools[1].Subnet)));
        Assert.Equal(64, Subnet.Parse(pools[1].Subnet).PrefixLength);
        Assert.StartsWith("fd", pools[1].Subnet, StringComparison.Ordinal);
        Assert.NotEqual(unique, AddressPlan.Unique("other"));
    }

    [Fact]
    public void Complete_DefaultsUsedUp_SaysSo()
    {
        var plan = new AddressPlan([new(Subnet.Parse("10.0.0.0/24"), 25)], [Subnet.Parse("10.0.0.0/25"), Subnet.Parse("10.0.0.128/26")], []);

        Assert.Equal("all predefined address pools have been fully subnetted", Refusal(plan, s_spec).Message);
    }

    [Fact]
    public void Complete_RangeAndAuxiliary_GatewayIsTheFirstThatIsLeft()
    {
        var spec = s_spec with { Pools = [new("10.1.0.0/16", null, "10.1.5.0/24", new Dictionary<string, string> { ["router"] = "10.1.5.0" })] };

        Assert.Equal("10.1.5.1", Empty.Complete(spec, true, "")[0].Gateway);
    }

    [Fact]
    public void Complete_FamilyThatIsOff_ItsPoolIsLeftOut() =>
        Assert.Equal(["10.1.0.0/16"], Empty.Complete(s_spec with { Pools = [new("fd00::/64"), new("10.1.0.0/16")] }, true, "").Select(p => p.Subnet));

    [Fact]
    public void Complete_NoGatewayNeeded_HasNone() => Assert.Null(Empty.Complete(s_spec with { Pools = [new("10.1.0.0/16", "10.1.0.9")] }, false, "")[0].Gateway);

    [Theory]
    [InlineData("10.9.0.0/16")]
    [InlineData("10.9.1.0/24")]
    [InlineData("10.0.0.0/8")]
    public void Complete_SubnetOfAnotherNetwork_IsForbidden(string subnet)
    {
        var error = Refusal(new AddressPlan([], [Subnet.Parse("10.9.0.0/16")], []), s_spec with { Pools = [new(subnet)] });

        Assert.Equal((ErrorKind.Forbidden, "invalid pool request: Pool overlaps with other one on this address space"), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("192.168.1.0/24", true)]
    [InlineData("192.168.0.0/16", true)]
    [InlineData("192.168.1.64/26", false)]
    public void Complete_SubnetThatTakesAWayOfTheHost_IsForbidden(string subnet, bool refused)
    {
        var plan = new AddressPlan([], [], [new("eth0", Subnet.Parse("0.0.0.0/0")), new("eth0", Subnet.Parse("192.168.1.0/24"))]);
        var spec = s_spec with { Pools = [new(subnet)] };
        if (!refused)
        {
            Assert.Single(plan.Complete(spec, true, ""));
            return;
        }

        Assert.EndsWith(": 192.168.1.0/24 is the way to eth0", Refusal(plan, spec).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.1.2.0/16", null, null, "invalid subnet 10.1.2.0/16: it should be 10.1.0.0/16")]
    [InlineData("nonsense", null, null, "invalid subnet nonsense: invalid CIDR block notation")]
    [InlineData("10.1.0.0/16", "10.2.0.1", null, "invalid gateway 10.2.0.1: parent subnet 10.1.0.0/16 doesn't contain this address")]
    [InlineData("10.1.0.0/16", "fd00::1", null, "invalid gateway fd00::1: parent subnet is an IPv4 block")]
    [InlineData("10.1.0.0/16", "x", null, "invalid gateway x: invalid address")]
    [InlineData("10.1.0.0/16", null, "10.2.0.0/24", "invalid ip-range 10.2.0.0/24: parent subnet 10.1.0.0/16 doesn't contain ip-range")]
    [InlineData("10.1.0.0/16", null, "10.0.0.0/8", "invalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.1.0.0/16")]
    [InlineData("10.1.0.0/16", null, "10.1.1.5/24", "invalid ip-range 10.1.1.5/24: it should be 10.1.1.0/24")]
    [InlineData("", "10.1.0.1", null, "invalid subnet : invalid CIDR block notation")]
    public void Complete_WhatCannotBe_IsNamedAsDockerDoes(string subnet, string? gateway, string? range, string words)
    {
        var error = Refusal(Empty, s_spec with { Pools = [new(subnet, gateway, range)] });

        Assert.Equal((ErrorKind.Invalid, "invalid network config:\n" + words), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("base=10.10.0.0/16,size=24", "10.10.0.0/16", 24)]
    [InlineData("size=80,base=fd00::/64", "fd00::/64", 80)]
    public void Pool_Text_IsRead(string text, string subnet, int size) => Assert.Equal(new DefaultPool(Subnet.Parse(subnet), size), DefaultPool.TryParse(text));

    [Theory]
    [InlineData("10.10.0.0/16")]
    [InlineData("base=10.10.0.0/16")]
    [InlineData("base=10.10.0.0/16,size=8")]
    [InlineData("base=10.10.0.0/16,size=31")]
    [InlineData("base=10.10.0.1/16,size=24")]
    [InlineData("base=10.10.0.0/16,size=24,x=y")]
    public void Pool_OtherText_IsNone(string text) => Assert.Null(DefaultPool.TryParse(text));

    private static AddressPlan Empty => new([], [], []);

    private static Error Refusal(AddressPlan plan, NetworkSpec spec) => Assert.Throws<ErrorException>(() => plan.Complete(spec, true, "")).Error;
}
