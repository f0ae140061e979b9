using System.Text;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Containers;
using Portal.Runtime.Supervision;

namespace Portal.Agent.Tests.EngineApi;

public sealed class HijackTests : IAsyncDisposable
{
    private const string AttachUpgrade = """
        POST /v1.51/containers/web/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1
        Host: docker
        Connection: Upgrade
        Upgrade: tcp
        Content-Type: text/plain
        Content-Length: 0


        """;

    private readonly EngineFixture _engine = new();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Attach_ClientHalfCloses_OutputStillComes()
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox", OpenStdin = true, StdinOnce = true });
        using var client = await _engine.RawAsync(AttachUpgrade);

        var head = await client.HeadAsync();
        await client.SendAsync("hello");
        client.CloseInput();

        Assert.StartsWith("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n", head, StringComparison.Ordinal);
        Assert.Equal("hello", await session.NextInputAsync());
        Assert.Equal("EOF", await session.NextInputAsync());
        session.Write(StdioStream.Stdout, "out");
        session.Write(StdioStream.Stderr, "err!");
        session.End();
        Assert.Equal("\u0001\0\0\0\0\0\0\u0003out\u0002\0\0\0\0\0\0\u0004err!", Encoding.UTF8.GetString(await client.RestAsync()));
        await session.Disposed.Task;
    }

    [Fact]
    public async Task Attach_ClientGoesWithoutOutput_SessionEnds()
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox" });
        var client = await _engine.RawAsync(AttachUpgrade);
        _ = await client.HeadAsync();

        client.Dispose();

        await session.Disposed.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Attach_DetachKeysOnTerminal_EndAttachOnly()
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox", Tty = true, OpenStdin = true });
        using var client = await _engine.RawAsync(AttachUpgrade);
        var head = await client.HeadAsync();
        session.Write(StdioStream.Stdout, "$ ");
        Assert.Equal("$ ", Encoding.UTF8.GetString(await client.ReadAsync(2)));

        await client.SendAsync("ls\u0010\u0011");

        Assert.Contains("application/vnd.docker.raw-stream", head, StringComparison.Ordinal);
        Assert.Equal("ls", await session.NextInputAsync());
        Assert.Empty(await client.RestAsync());
        await session.Disposed.Task;
        Assert.True(session.Detached);
    }

    [Fact]
    public async Task Attach_ClientCutOff_LosesItsConnection()
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox", Tty = true });
        using var client = await _engine.RawAsync(AttachUpgrade);
        _ = await client.HeadAsync();

        session.Cut.SetResult();

        try
        {
            Assert.Empty(await client.RestAsync());
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Reset: what was still in it is not delivered any more.
        }

        await session.Disposed.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task AttachByWebSocket_WithoutAHandshake_IsABadRequest()
    {
        await StartAsync(new ContainerSpec { Image = "busybox" });
        using var client = await _engine.RawAsync("GET /v1.51/containers/web/attach/ws?stream=1 HTTP/1.1\nHost: docker\n\n");

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AttachByWebSocket_Upgrades()
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox", OpenStdin = true });
        using var client = await _engine.RawAsync(
            """
            GET /v1.51/containers/web/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1
            Host: docker
            Connection: Upgrade
            Upgrade: websocket
            Sec-WebSocket-Version: 13
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==


            """);
        var head = await client.HeadAsync();
        session.Write(StdioStream.Stdout, "hi");
        session.End();

        // RFC 6455, 1.3 and 5.7: the answer to this key; one binary frame without a mask, then the close frame with status 1000.
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head, StringComparison.Ordinal);
        Assert.Equal([0x82, 2, (byte)'h', (byte)'i', 0x88, 2, 0x03, 0xe8], await client.ReadAsync(8));
        Assert.Equal(new(true, true, false), _engine.Containers.Attached);
    }

    [Fact]
    public async Task Attach_WithoutUpgrade_Is200UntilClose()
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox" });
        using var client = await _engine.RawAsync(
            """
            POST /v1.41/containers/web/attach?stream=1&stdout=1 HTTP/1.1
            Host: docker


            """);

        var head = await client.HeadAsync();
        session.Write(StdioStream.Stdout, "x");
        session.End();

        Assert.StartsWith("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Transfer-Encoding", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("\u0001\0\0\0\0\0\0\u0001x", Encoding.UTF8.GetString(await client.RestAsync()));
    }

    [Theory]
    [InlineData("Content-Length: 28\n\n{\"Detach\":false,\"Tty\":false}")]
    [InlineData("Transfer-Encoding: chunked\n\n1c\n{\"Detach\":false,\"Tty\":false}\n0\n\n")]
    public async Task ExecStart_BodyAndInputInOnePacket_LosesNothing(string body)
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox" });
        session.Exec = new() { Command = ["cat"], AttachStdin = true, AttachStdout = true };
        using var client = await _engine.RawAsync(
            "POST /v1.50/exec/e1/start HTTP/1.1\nHost: docker\nConnection: Upgrade\nUpgrade: tcp\nContent-Type: application/json\n" + body + "typed ahead");

        var head = await client.HeadAsync();
        client.CloseInput();

        Assert.StartsWith("HTTP/1.1 101 UPGRADED\r\n", head, StringComparison.Ordinal);
        Assert.Equal("typed ahead", await session.NextInputAsync());
        Assert.Equal("EOF", await session.NextInputAsync());
        session.Write(StdioStream.Stdout, "y");
        session.End();
        Assert.Equal("\u0001\0\0\0\0\0\0\u0001y", Encoding.UTF8.GetString(await client.RestAsync()));
    }

    [Fact]
    public async Task Attach_MuchOutput_ArrivesWholeAndInOrder()
    {
        var session = await StartAsync(new ContainerSpec { Image = "busybox", Tty = true });
        using var client = await _engine.RawAsync(AttachUpgrade);
        _ = await client.HeadAsync();
        var expected = new StringBuilder();
        for (var i = 0; i < 20_000; i++)
        {
            var line = $"line {i}\n";
            _ = expected.Append(line);
            session.Write(StdioStream.Stdout, line);
        }

        session.End();

        Assert.Equal(expected.ToString(), Encoding.UTF8.GetString(await client.RestAsync()));
    }

    [Fact]
    public async Task Attach_UnknownContainer_IsAnOrdinaryError()
    {
        await _engine.InitializeAsync();
        using var client = await _engine.RawAsync(AttachUpgrade);

        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/json", head, StringComparison.Ordinal);
    }

    private async Task<FakeSession> StartAsync(ContainerSpec spec)
    {
        await _engine.InitializeAsync();
        _engine.Containers.All.Add(Some.Container("web", spec));
        return _engine.Containers.Session;
    }
}
