using System.Net;
using System.Net.Sockets;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

/// <summary>On the loopback only, with a listener instead of a container.</summary>
public sealed class LoopbackRelayTests : IDisposable
{
    private readonly PublishedPorts _ports = new();
    private readonly TcpListener _container = new(IPAddress.Loopback, 0);
    private readonly TcpListener _containerWithIPv6 = new(IPAddress.IPv6Loopback, 0);

    public LoopbackRelayTests()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "this machine has no IPv6");
        _container.Start();
        _containerWithIPv6.Start();
    }

    [Fact]
    public async Task Connection_ToContainerWithoutIPv6_IsRelayedBothWaysToItsEnd()
    {
        var port = Take(_container).HostPort;
        using var client = await ConnectAsync(port);
        using var server = await _container.AcceptSocketAsync(TestContext.Current.CancellationToken);
        var sent = new byte[300_000];
        Random.Shared.NextBytes(sent);

        var receiving = ReadToEndAsync(server);
        await client.SendAsync(sent, TestContext.Current.CancellationToken);
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal(sent, await receiving);
        await server.SendAsync("answer"u8.ToArray(), TestContext.Current.CancellationToken);
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer"u8.ToArray(), await ReadToEndAsync(client));
    }

    [Theory]
    [InlineData("")]
    [InlineData("::")]
    [InlineData("::1")]
    public async Task Connection_ToContainerWithIPv6_IsRelayedByTheHeldPort(string address)
    {
        var taken = _ports.Take("web", SideOf(_container), SideOf(_containerWithIPv6), [new(PortOf(_containerWithIPv6), "tcp", address, 0)]);

        using var client = await ConnectAsync(taken[^1].HostPort);
        using var server = await _containerWithIPv6.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await client.SendAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal("hello"u8.ToArray(), await ReadToEndAsync(server));
    }

    [Fact]
    public async Task Connection_WhenNobodyListensInside_IsReset()
    {
        var port = Take(_container).HostPort;
        _container.Stop();

        // The reset may come before the client knows that it is connected.
        var end = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var client = await ConnectAsync(port);
            await ReadToEndAsync(client);
        });

        Assert.Equal(SocketError.ConnectionReset, end.SocketErrorCode);
    }

    [Fact]
    public async Task Release_EndsConnectionsAndFreesThePort()
    {
        var taken = Take(_container);
        using var client = await ConnectAsync(taken.HostPort);
        using var server = await _container.AcceptSocketAsync(TestContext.Current.CancellationToken);

        _ports.Release([taken]);

        await Assert.ThrowsAsync<SocketException>(() => ReadToEndAsync(client));
        await Assert.ThrowsAsync<SocketException>(() => ReadToEndAsync(server));
        var refused = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(taken.HostPort));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public async Task Take_OfTheSamePortInIPv6_ComesBeforeAnotherContainersRelay()
    {
        var port = Take(_container).HostPort;

        Assert.Single(_ports.Take("six", null, SideOf(_containerWithIPv6), [new(PortOf(_containerWithIPv6), "tcp", "::", port)]));

        using var client = await ConnectAsync(port);
        using var server = await _containerWithIPv6.AcceptSocketAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Take_WhenAnotherProcessIsAtTheLoopback_PublishesInIPv4AllTheSame()
    {
        var port = PortOf(_containerWithIPv6);

        Assert.Equal(port, Assert.Single(_ports.Take("web", SideOf(_container), null, [new(PortOf(_container), "tcp", "", port)])).HostPort);
    }

    [Fact]
    public async Task Restore_RelaysAgain()
    {
        var taken = Take(_container);
        _ports.Release([taken]);

        Assert.Empty(_ports.Restore("web", [new("tcp", IPAddress.Any, taken.HostPort, IPAddress.Loopback, PortOf(_container))]));

        using var client = await ConnectAsync(taken.HostPort);
        using var server = await _container.AcceptSocketAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Exchange_LeadsToTheNewPlace_AndStaysThereWhenTheNextFails()
    {
        var taken = Take(_container);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var moved = _ports.Exchange("web", [taken], SideOf(other), null, [new(PortOf(other), "tcp", "", taken.HostPort)]);
        await DemandAsync();

        // The second of the ports is a listener's, so that none changes.
        Assert.Throws<ErrorException>(() => _ports.Exchange(
            "web", moved, SideOf(_container), null, [new(PortOf(_container), "tcp", "", taken.HostPort), new(PortOf(_container), "tcp", "", PortOf(other))]));
        await DemandAsync();

        async Task DemandAsync()
        {
            using var client = await ConnectAsync(taken.HostPort);
            using var server = await other.AcceptSocketAsync(TestContext.Current.CancellationToken);
        }
    }

    public void Dispose()
    {
        _ports.Dispose();
        _container.Dispose();
        _containerWithIPv6.Dispose();
    }

    private PublishedPort Take(TcpListener container) => Assert.Single(_ports.Take("web", SideOf(container), null, [new(PortOf(container), "tcp", "", 0)]));

    private static PortSide SideOf(TcpListener container) => new("web (e1)", ((IPEndPoint)container.LocalEndpoint).Address, IsRouted: false, null);

    private static int PortOf(TcpListener container) => ((IPEndPoint)container.LocalEndpoint).Port;

    private static async Task<Socket> ConnectAsync(int port)
    {
        var client = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await client.ConnectAsync(IPAddress.IPv6Loopback, port, TestContext.Current.CancellationToken);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var size)
        {
            all.Write(buffer, 0, size);
        }

        return all.ToArray();
    }
}
