using System.Net;
using System.Net.Sockets;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

/// <summary>On the loopback only: whether a port is taken is something no fake can say.</summary>
public sealed class PublishedPortsTests : IDisposable
{
    private static readonly IPAddress s_container = IPAddress.Parse("172.29.0.2");
    private readonly PublishedPorts _ports = new();

    [Fact]
    public void Take_PortOfAnotherProcess_SaysSoAsDockerDoesAndGivesTheOthersBack()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        var port = ((IPEndPoint)foreign.LocalEndpoint).Port;
        var free = _ports.Take("web (e1)", s_container, [Loopback(81, 0)])[0];
        _ports.Release([free]);

        var e = Assert.Throws<ErrorException>(() => _ports.Take("web (e1)", s_container, [Loopback(81, free.HostPort), Loopback(80, port)]));

        Assert.Equal(ErrorKind.Internal, e.Error.Kind);
        Assert.EndsWith(
            $"driver failed programming external connectivity on endpoint web (e1): failed to bind host port for 127.0.0.1:{port}:172.29.0.2:80/tcp: address already in use",
            e.Message, StringComparison.Ordinal);
        Assert.Single(_ports.Take("web (e1)", s_container, [Loopback(81, free.HostPort)]));
    }

    [Fact]
    public void Take_PortOfAnotherContainer_SaysSoAsDockerDoes()
    {
        var taken = _ports.Take("web (e1)", s_container, [Loopback(80, 0)])[0];

        var e = Assert.Throws<ErrorException>(() => _ports.Take("db (e2)", s_container, [Loopback(80, taken.HostPort)]));

        Assert.EndsWith(
            $"driver failed programming external connectivity on endpoint db (e2): Bind for 127.0.0.1:{taken.HostPort} failed: port is already allocated",
            e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_Port_KeepsOtherProcessesOffIt()
    {
        var taken = _ports.Take("web (e1)", s_container, [Loopback(80, 0)])[0];
        using var foreign = new TcpListener(IPAddress.Loopback, taken.HostPort);

        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(foreign.Start).SocketErrorCode);
        _ports.Release([taken]);
        foreign.Start();
    }

    [Fact]
    public void Restore_PortThatAnotherProcessGotMeanwhile_StaysTheContainers()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        var port = new PublishedPort(80, "tcp", IPAddress.Loopback, ((IPEndPoint)foreign.LocalEndpoint).Port);

        Assert.Equal([port], _ports.Restore([port]));
        foreign.Stop();

        Assert.Throws<ErrorException>(() => _ports.Take("db (e2)", s_container, [Loopback(80, port.HostPort)]));
        _ports.Release([port]);
        Assert.Single(_ports.Take("db (e2)", s_container, [Loopback(80, port.HostPort)]));
    }

    [Fact]
    public void Take_Ipv6Address_IsRefusedByName()
    {
        var e = Assert.Throws<ErrorException>(() => _ports.Take("web (e1)", s_container, [new(80, "tcp", "::1", 0)]));

        Assert.Equal((ErrorKind.Invalid, true), (e.Error.Kind, e.Message.Contains("::1", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8080)]
    public void Take_AddressOfAnotherHost_IsTheCallersFault(int port)
    {
        var e = Assert.Throws<ErrorException>(() => _ports.Take("web (e1)", s_container, [new(80, "tcp", "192.0.2.1", port)]));

        Assert.Equal((ErrorKind.Invalid, true), (e.Error.Kind, e.Message.EndsWith("192.0.2.1 is no address of this host", StringComparison.Ordinal)));
    }

    public void Dispose() => _ports.Dispose();

    private static PortBinding Loopback(int containerPort, int hostPort) => new(containerPort, "tcp", "127.0.0.1", hostPort);
}
