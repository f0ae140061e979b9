using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class SubnetTests
{
    [Theory]
    [InlineData("172.29.0.0")]
    [InlineData("172.29.0.1/16")]
    [InlineData("172.29.0.0/+16")]
    [InlineData("172.29.0.0/33")]
    [InlineData("fd00::1/64")]
    [InlineData("fd00::/129")]
    [InlineData("10.1/16")]
    [InlineData("fe80::%eth0/64")]
    public void Parse_NotASubnet_IsRefused(string cidr) => Assert.Throws<FormatException>(() => Subnet.Parse(cidr));

    [Theory]
    [InlineData("172.29.128.0/17", "172.29.128.1", "172.29.255.255")]
    [InlineData("0.0.0.0/0", "0.0.0.1", "255.255.255.255")]
    [InlineData("fd00:1::/64", "fd00:1::1", "fd00:1::ffff:ffff:ffff:ffff")]
    [InlineData("fd00::1/128", "fd00::2", "fd00::1")]
    public void Parse_Subnet_KnowsItsEdges(string cidr, string second, string last)
    {
        var subnet = Subnet.Parse(cidr);

        Assert.Equal((second, last, cidr), (subnet.At(1).ToString(), subnet.Last.ToString(), subnet.ToString()));
    }

    [Theory]
    [InlineData("172.29.128.0/17", "172.29.129.2", 258)]
    [InlineData("172.29.128.0/17", "172.29.127.255", null)]
    [InlineData("172.29.128.0/17", "fd00::1", null)]
    [InlineData("fd00::/64", "fd00::102", 258)]
    [InlineData("fd00::/64", "fd00:0:0:1::", null)]
    public void OffsetOf_Address_CountsFromTheFirst(string cidr, string address, int? offset) =>
        Assert.Equal((UInt128?)offset, Subnet.Parse(cidr).OffsetOf(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", true)]
    [InlineData("10.1.0.0/16", "10.0.0.0/8", true)]
    [InlineData("10.1.0.0/16", "10.2.0.0/16", false)]
    [InlineData("::/0", "10.2.0.0/16", false)]
    [InlineData("fd00::/48", "fd00:0:0:7::/64", true)]
    public void Overlaps_TwoSubnets_AreCompared(string one, string other, bool expected) => Assert.Equal(expected, Subnet.Parse(one).Overlaps(Subnet.Parse(other)));

    [Theory]
    [InlineData("172.20.0.0/14", 3, 16, "172.23.0.0/16")]
    [InlineData("172.20.0.0/14", 4, 16, null)]
    [InlineData("fd00::/48", 65535, 64, "fd00:0:0:ffff::/64")]
    public void Part_OfALargerOne_IsTheNextOfItsSize(string cidr, int index, int prefix, string? expected) =>
        Assert.Equal(expected, Subnet.Parse(cidr).Part((UInt128)index, prefix)?.ToString());

    [Theory]
    [InlineData("02:42:ac:11:00:99", "02:42:ac:11:00:99")]
    [InlineData("02-42-AC-11-00-99", "02:42:ac:11:00:99")]
    [InlineData("01:00:5e:00:00:01", null)]
    [InlineData("00:00:00:00:00:00", null)]
    [InlineData("02:42:ac:11:00", null)]
    [InlineData("02:42:ac:11:0:99", null)]
    public void Mac_Text_IsOneLinksOrNone(string text, string? expected) =>
        Assert.Equal(expected, MacAddress.TryParse(text) is { } mac ? MacAddress.Format(mac) : null);

    [Fact]
    public void Mac_ForAnAddress_IsDockersForm() => Assert.Equal("02:42:ac:1d:0a:03", MacAddress.Format(MacAddress.For(IPAddress.Parse("172.29.10.3"))));
}
