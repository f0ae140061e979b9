using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class PortTableTests
{
    private static readonly IPAddress s_one = IPAddress.Parse("192.0.2.1");
    private readonly PortTable _table = new(100, 103);

    [Fact]
    public void TryTake_EveryAddressAndOneAddress_ExcludeEachOther()
    {
        Assert.True(_table.TryTake("tcp", IPAddress.Any, 80));
        Assert.False(_table.TryTake("tcp", s_one, 80));
        Assert.True(_table.TryTake("tcp", s_one, 81));
        Assert.False(_table.TryTake("tcp", IPAddress.Any, 81));
    }

    [Fact]
    public void TryTake_OtherAddressOrProtocol_IsFree()
    {
        Assert.True(_table.TryTake("tcp", s_one, 80));
        Assert.True(_table.TryTake("tcp", IPAddress.Loopback, 80));
        Assert.True(_table.TryTake("udp", s_one, 80));
        Assert.False(_table.TryTake("tcp", s_one, 80));
    }

    [Fact]
    public void Release_OneOfTwoAddresses_KeepsTheOther()
    {
        _table.TryTake("tcp", s_one, 80);
        _table.TryTake("tcp", IPAddress.Loopback, 80);

        _table.Release("tcp", s_one, 80);

        Assert.False(_table.TryTake("tcp", IPAddress.Any, 80));
        _table.Release("tcp", IPAddress.Loopback, 80);
        Assert.True(_table.TryTake("tcp", IPAddress.Any, 80));
    }

    [Fact]
    public void TakeEphemeral_SomeTakenSomeRefused_GoesOnAndWrapsAround()
    {
        _table.TryTake("tcp", IPAddress.Any, 101);

        Assert.Equal(100, _table.TakeEphemeral("tcp", IPAddress.Any, _ => true));
        Assert.Equal(103, _table.TakeEphemeral("tcp", IPAddress.Any, p => p != 102));
        _table.Release("tcp", IPAddress.Any, 100);
        Assert.Equal(100, _table.TakeEphemeral("tcp", IPAddress.Any, _ => true));
        Assert.Equal(102, _table.TakeEphemeral("tcp", IPAddress.Any, _ => true));
        Assert.Null(_table.TakeEphemeral("tcp", IPAddress.Any, _ => true));
    }

    [Fact]
    public void TakeEphemeral_WhenThePortIsRefusedByAnError_GivesItBack()
    {
        Assert.Throws<InvalidOperationException>(() => _table.TakeEphemeral("tcp", s_one, _ => throw new InvalidOperationException()));

        Assert.All(Enumerable.Range(100, 4), port => Assert.True(_table.TryTake("tcp", s_one, port)));
    }
}
