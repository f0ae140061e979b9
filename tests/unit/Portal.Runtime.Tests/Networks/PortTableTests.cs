using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class PortTableTests
{
    private static readonly IPAddress s_one = IPAddress.Parse("192.0.2.1");
    private readonly PortTable _table = new(100, 103);

    [Fact]
    public void Take_EveryAddressAndOneAddress_ExcludeEachOtherAndNameTheOwner()
    {
        Assert.Null(_table.Take("tcp", IPAddress.Any, 80, "web"));
        Assert.Equal("web", _table.Take("tcp", s_one, 80, "db"));
        Assert.Null(_table.Take("tcp", s_one, 81, "db"));
        Assert.Equal("db", _table.Take("tcp", IPAddress.Any, 81, "web"));
    }

    [Fact]
    public void Take_OtherAddressProtocolOrFamily_IsFree()
    {
        Assert.Null(_table.Take("tcp", s_one, 80, "a"));
        Assert.Null(_table.Take("tcp", IPAddress.Loopback, 80, "b"));
        Assert.Null(_table.Take("udp", s_one, 80, "c"));
        Assert.Null(_table.Take("tcp", IPAddress.IPv6Any, 80, "d"));
        Assert.Equal("d", _table.Take("tcp", IPAddress.IPv6Loopback, 80, "e"));
        Assert.Equal("a", _table.Take("tcp", s_one, 80, "e"));
    }

    [Fact]
    public void Release_OneOfTwoAddresses_KeepsTheOther()
    {
        _table.Take("tcp", s_one, 80, "a");
        _table.Take("tcp", IPAddress.Loopback, 80, "b");

        _table.Release("tcp", s_one, 80);

        Assert.Equal("b", _table.Take("tcp", IPAddress.Any, 80, "c"));
        _table.Release("tcp", IPAddress.Loopback, 80);
        Assert.Null(_table.Take("tcp", IPAddress.Any, 80, "c"));
    }

    [Fact]
    public void FindEphemeral_SomeRefused_GoesOnAndWrapsAround()
    {
        Assert.Equal(100, _table.FindEphemeral(_ => true));
        Assert.Equal(103, _table.FindEphemeral(p => p == 103));
        Assert.Equal(101, _table.FindEphemeral(p => p != 100));
        Assert.Null(_table.FindEphemeral(_ => false));
    }
}
