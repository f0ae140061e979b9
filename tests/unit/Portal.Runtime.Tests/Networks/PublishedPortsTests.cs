using System.Net;
using System.Net.Sockets;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

/// <summary>On the loopback only: whether a port is taken is something no fake can say.</summary>
public sealed class PublishedPortsTests : IDisposable
{
    private static readonly PortSide s_web = new("web (e1)", IPAddress.Parse("172.29.0.2"), IsRouted: false, null);
    private static readonly PortSide s_db = s_web with { Endpoint = "db (e2)" };
    private static readonly PortSide s_six = new("web (e1)", IPAddress.Parse("fd00::2"), IsRouted: false, null);
    private readonly PublishedPorts _ports = new();

    [Fact]
    public void Take_PortOfAnotherProcess_SaysSoAsDockerDoesAndGivesTheOthersBack()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        var port = ((IPEndPoint)foreign.LocalEndpoint).Port;
        var free = _ports.Take("web", s_web, null, [Loopback(81, 0)])[0];
        _ports.Release([free]);

        var e = Assert.Throws<ErrorException>(() => _ports.Take("web", s_web, null, [Loopback(81, free.HostPort), Loopback(80, port)]));

        Assert.Equal(ErrorKind.Internal, e.Error.Kind);
        Assert.EndsWith(
            $"driver failed programming external connectivity on endpoint web (e1): failed to bind host port for 127.0.0.1:{port}:172.29.0.2:80/tcp: address already in use (held by {File.ReadAllText("/proc/self/comm").Trim()}, pid {Environment.ProcessId})",
            e.Message, StringComparison.Ordinal);
        Assert.Single(_ports.Take("web", s_web, null, [Loopback(81, free.HostPort)]));
    }

    [Fact]
    public void Take_PortOfAnotherContainer_SaysSoAsDockerDoes()
    {
        var taken = _ports.Take("web", s_web, null, [Loopback(80, 0)])[0];

        var e = Assert.Throws<ErrorException>(() => _ports.Take("db", s_db, null, [Loopback(80, taken.HostPort)]));

        Assert.EndsWith(
            $"driver failed programming external connectivity on endpoint db (e2): Bind for 127.0.0.1:{taken.HostPort} failed: port is already allocated (by container web)",
            e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_Port_KeepsOtherProcessesOffIt()
    {
        var taken = _ports.Take("web", s_web, null, [Loopback(80, 0)])[0];
        using var foreign = new TcpListener(IPAddress.Loopback, taken.HostPort);

        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(foreign.Start).SocketErrorCode);
        _ports.Release([taken]);
        foreign.Start();
    }

    [Fact]
    public void Exchange_PortInBoth_IsNeverLetGoAndComesBackWhenAnotherCannotBeHad()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        var old = _ports.Take("web", s_web, null, [Loopback(80, 0), Loopback(81, 0)]);

        Assert.Throws<ErrorException>(() => _ports.Exchange("web", old, s_web, null, [Loopback(80, old[0].HostPort), Loopback(82, ((IPEndPoint)foreign.LocalEndpoint).Port)]));
        Assert.All(old, port => Assert.Throws<SocketException>(new TcpListener(IPAddress.Loopback, port.HostPort).Start));
        Assert.All(old, port => Assert.Throws<ErrorException>(() => _ports.Take("db", s_db, null, [Loopback(80, port.HostPort)])));

        Assert.Equal([old[0]], _ports.Exchange("web", old, s_web, null, [Loopback(80, old[0].HostPort)]));
        Assert.Throws<SocketException>(new TcpListener(IPAddress.Loopback, old[0].HostPort).Start);
        using var free = new TcpListener(IPAddress.Loopback, old[1].HostPort);
        free.Start();
    }

    [Fact]
    public void Restore_PortThatAnotherProcessGotMeanwhile_StaysTheContainers()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        var port = new PublishedPort(80, "tcp", IPAddress.Loopback, ((IPEndPoint)foreign.LocalEndpoint).Port);
        var rule = new PortRule("tcp", port.HostAddress, port.HostPort, s_web.Address, 80);

        Assert.Equal([rule], _ports.Restore("web", [rule]));
        foreign.Stop();

        Assert.Throws<ErrorException>(() => _ports.Take("db", s_db, null, [Loopback(80, port.HostPort)]));
        _ports.Release([port]);
        Assert.Single(_ports.Take("db", s_db, null, [Loopback(80, port.HostPort)]));
    }

    [Fact]
    public void Take_Ipv6AddressOfAContainerWithoutIt_IsRefusedByName()
    {
        var e = Assert.Throws<ErrorException>(() => _ports.Take("web", s_web, null, [new(80, "tcp", "::1", 0)]));

        Assert.Equal((ErrorKind.Invalid, true), (e.Error.Kind, e.Message.Contains("::1", StringComparison.Ordinal)));
    }

    [Fact]
    public void Take_NoAddressNamed_IsTheSamePortInBothFamilies()
    {
        var taken = _ports.Take("web", s_web, s_six, [new(80, "tcp", "", 0)]);

        Assert.Equal([IPAddress.Any, IPAddress.IPv6Any], taken.Select(p => p.HostAddress));
        Assert.Equal(taken[0].HostPort, taken[1].HostPort);
    }

    [Fact]
    public void Take_NetworkWithABindingOfItsOwn_PublishesThereOnly() => Assert.Equal(
        [IPAddress.Loopback], _ports.Take("web", s_web with { Binding = IPAddress.Loopback }, s_six, [new(80, "tcp", "", 0)]).Select(p => p.HostAddress));

    [Fact]
    public void Take_Routed_TakesNoPortOfTheHost() => Assert.Equal(
        [new PublishedPort(80, "tcp", IPAddress.Any, 0)], _ports.Take("web", s_web with { IsRouted = true }, null, [new(80, "tcp", "", 8080)]));

    [Fact]
    public void Take_NowhereOutside_PublishesNothing() => Assert.Empty(_ports.Take("web", null, null, [new(80, "tcp", "", 8080)]));

    [Fact]
    public void Take_Range_TakesTheFirstThatIsFreeAndThenSaysSo()
    {
        var first = _ports.Take("web", s_web, null, [Loopback(80, 0)])[0].HostPort;
        var binding = new PortBinding(80, "tcp", "127.0.0.1", first, first + 1);

        Assert.Equal(first + 1, _ports.Take("db", s_db, null, [binding])[0].HostPort);
        var e = Assert.Throws<ErrorException>(() => _ports.Take("db", s_db, null, [binding]));
        Assert.EndsWith($"Bind for 127.0.0.1:{first}-{first + 1} failed: all ports are allocated", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8080)]
    public void Take_AddressOfAnotherHost_IsTheCallersFault(int port)
    {
        var e = Assert.Throws<ErrorException>(() => _ports.Take("web", s_web, null, [new(80, "tcp", "192.0.2.1", port)]));

        Assert.Equal((ErrorKind.Invalid, true), (e.Error.Kind, e.Message.EndsWith("192.0.2.1 is no address of this host", StringComparison.Ordinal)));
    }

    public void Dispose() => _ports.Dispose();

    private static PortBinding Loopback(int containerPort, int hostPort) => new(containerPort, "tcp", "127.0.0.1", hostPort);
}
