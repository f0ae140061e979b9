using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class AttachTests(Engine engine) : EngineTest(engine)
{
    private const string Echo = "while read line; do echo got $line; echo err >&2; [ $line = quit ] && exit 4; done; echo end of input";

    [Fact]
    public async Task Attach_BySeveralClients_ShowsAllOfThemEverything()
    {
        await Docker.RunDetachedAsync("-i", "--name", "talker", "--network", "none", "busybox", "sh", "-c", Echo);
        await using var one = await RawStream.PostAsync(Engine, "/v1.51/containers/talker/attach?stream=1&stdin=1&stdout=1&stderr=1");
        await using var two = await RawStream.PostAsync(Engine, "/v1.51/containers/talker/attach?stream=1&stdin=1&stdout=1");
        await using var errors = await RawStream.PostAsync(Engine, "/v1.51/containers/talker/attach?stream=1&stderr=1");

        await one.SendAsync("a\n");
        await one.UntilAsync("2:err");
        await two.SendAsync("b\n");
        await errors.UntilAsync("2:err\n2:err\n");

        await two.UntilAsync("got b");
        Assert.Equal("1:got a\n1:got b\n", two.Seen);
        Assert.Contains("1:got b\n", one.Seen, StringComparison.Ordinal);

        await one.SendAsync("quit\n");
        await Task.WhenAll(one.Closed, two.Closed, errors.Closed).WaitAsync(TimeSpan.FromSeconds(20));
        // The streams end when there is nothing more to come; the end is written down after that.
        await Docker.UntilAsync("talker", "{{.State.Status}} {{.State.ExitCode}}", "exited 4");
    }

    [Fact]
    public async Task Attach_HalfClosed_EndsStdinWhereItIsMeantTo()
    {
        using var created = await PostJsonAsync(
            "/containers/create?name=once", $$$"""{"Image":"busybox","Cmd":["sh","-c","{{{Echo}}}"],"OpenStdin":true,"StdinOnce":true,"HostConfig":{"NetworkMode":"none"}}""");
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        await using var client = await RawStream.PostAsync(Engine, "/v1.51/containers/once/attach?stream=1&stdin=1&stdout=1&stderr=1");
        (await Docker.RunAsync("start", "once")).Succeeded();

        await client.SendAsync("a\n");
        client.CloseInput();

        await client.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        // In a frame of its own, or in one with what came before it.
        Assert.Contains("end of input\n", client.Seen, StringComparison.Ordinal);
        await Docker.UntilAsync("once", "{{.State.Status}} {{.State.ExitCode}}", "exited 0");
    }

    [Fact]
    public async Task Attach_WithoutStdinOnce_LeavesStdinOpenForTheNext()
    {
        await Docker.RunDetachedAsync("-i", "--name", "talker", "--network", "none", "busybox", "sh", "-c", Echo);
        await using (var first = await RawStream.PostAsync(Engine, "/v1.51/containers/talker/attach?stream=1&stdin=1&stdout=1"))
        {
            await first.SendAsync("a\n");
            await first.UntilAsync("got a");
        }

        await using var second = await RawStream.PostAsync(Engine, "/v1.51/containers/talker/attach?stream=1&stdin=1&stdout=1");
        await second.SendAsync("b\n");

        await second.UntilAsync("got b");
    }

    [Theory]
    [InlineData("", "\u0010\u0011")]
    [InlineData("&detachKeys=ctrl-a,x", "\u0001x")]
    public async Task DetachKeys_OnATerminal_LeaveTheContainerRunning(string query, string keys)
    {
        await Docker.RunDetachedAsync("-it", "--name", "screen", "--network", "none", "busybox", "sh");
        await using var events = await EventLog.OpenAsync(Http);
        await using var client = await RawStream.PostAsync(Engine, "/v1.51/containers/screen/attach?stream=1&stdin=1&stdout=1" + query, framed: false);
        await client.SendAsync("echo sum $((40+2))\n");
        await client.UntilAsync("sum 42");

        await client.SendAsync(keys);

        await client.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("running", await Docker.InspectAsync("screen", "{{.State.Status}}"));
        await events.UntilAsync("screen", "detach");
        Assert.Equal(["attach", "detach"], events.Of("screen"));
    }

    [Fact]
    public async Task Logs_BeforeTheLiveOutput_HaveNoSeam()
    {
        await Docker.RunDetachedAsync("--name", "counter", "--network", "none", "busybox", "sh", "-c", "i=0; while [ ! -e /stop ]; do for n in 1 2 3 4 5 6 7 8 9; do i=$((i+1)); echo $i; done; sleep 0.001; done");
        var clients = new List<RawStream>();
        for (var i = 0; i < 5; i++)
        {
            await Task.Delay(50);
            clients.Add(await RawStream.PostAsync(Engine, "/v1.51/containers/counter/attach?stream=1&logs=1&stdout=1"));
        }

        await Task.Delay(300);
        (await Docker.RunAsync("exec", "counter", "touch", "/stop")).Succeeded();

        foreach (var client in clients)
        {
            await client.Closed.WaitAsync(TimeSpan.FromSeconds(30));
            var numbers = client.Seen.Replace("1:", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(numbers.Length > 200, $"{numbers.Length} lines");
            for (var n = 0; n < numbers.Length; n++)
            {
                Assert.Equal((n + 1).ToString(CultureInfo.InvariantCulture), numbers[n]);
            }

            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Logs_OfATerminal_ShowThePromptToo()
    {
        await Docker.RunDetachedAsync("-it", "--name", "screen", "--network", "none", "busybox", "sh");
        await Patience.UntilAsync("the shell asks", async () => (await Docker.RunAsync("logs", "screen")).Out.Contains('#', StringComparison.Ordinal));

        await using var client = await RawStream.PostAsync(Engine, "/v1.51/containers/screen/attach?stream=1&logs=1&stdin=1&stdout=1", framed: false);

        await client.UntilAsync("# ");
        await client.SendAsync("echo sum $((40+2))\n");
        await client.UntilAsync("sum 42");
    }

    [Fact]
    public async Task Logs_Alone_EndWithTheLog()
    {
        await Docker.RunAsync("run", "--name", "ended", "--network", "none", "busybox", "sh", "-c", "echo out; echo err >&2");

        await using var client = await RawStream.PostAsync(Engine, "/v1.51/containers/ended/attach?logs=1&stdout=1&stderr=1");

        await client.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("1:out\n2:err\n", client.Seen);
    }

    [Fact]
    public async Task Client_ThatDoesNotRead_IsCutOff()
    {
        await Docker.RunDetachedAsync("--name", "flood", "--network", "none", "busybox", "yes", new string('y', 500));
        using var client = await Engine.ConnectAsync();
        await client.SendAsync("POST /v1.51/containers/flood/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        using var other = await Engine.ConnectAsync();

        // Poll tells of a connection that is broken without reading what is in it.
        await Patience.UntilAsync("it is cut off", () => client.Poll(0, SelectMode.SelectError) || IsHungUp(client), TimeSpan.FromSeconds(30));

        var lines = (await Docker.RunAsync("logs", "--tail", "1", "flood")).Succeeded();
        Assert.NotEmpty(lines.Lines);
    }

    [Fact]
    public async Task WebSocket_CarriesInputAndOutputAndSaysGoodbye()
    {
        await Docker.RunDetachedAsync("-i", "--name", "talker", "--network", "none", "busybox", "sh", "-c", "echo hello; " + Echo);
        await Patience.UntilAsync("it has begun", async () => (await Docker.RunAsync("logs", "talker")).Out == "hello\n");
        using var binary = await ConnectAsync("/v1.51/containers/talker/attach/ws?stream=1&logs=1&stdin=1&stdout=1&stderr=1");
        using var text = await ConnectAsync("/v1.27/containers/talker/attach/ws?stream=1");

        await binary.SendAsync("a\n"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        Assert.Contains("got a\n", await ReadUntilAsync(text, WebSocketMessageType.Text, "err\n"), StringComparison.Ordinal);
        await text.SendAsync("quit\n"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

        Assert.Equal("hello\ngot a\nerr\ngot quit\nerr\n", (await ReadUntilAsync(binary, WebSocketMessageType.Binary, null)).Replace("err\ngot a\n", "got a\nerr\n", StringComparison.Ordinal));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, binary.CloseStatus);
        await binary.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        // The streams end when there is nothing more to come; the end is written down after that.
        await Docker.UntilAsync("talker", "{{.State.Status}} {{.State.ExitCode}}", "exited 4");
    }

    [Fact]
    public async Task WebSocket_WhoseClientLeaves_LeavesTheContainerRunning()
    {
        await Docker.RunDetachedAsync("-i", "--name", "talker", "--network", "none", "busybox", "sh", "-c", Echo);
        using (var socket = await ConnectAsync("/containers/talker/attach/ws?stream=1&stdin=1&stdout=1"))
        {
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }

        Assert.Equal("running", await Docker.InspectAsync("talker", "{{.State.Status}}"));
    }

    [Fact]
    public async Task WebSocket_FromABrowserOrForNothing_IsRefused()
    {
        await Docker.RunDetachedAsync("-i", "--name", "talker", "--network", "none", "busybox", "sh", "-c", Echo);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", "http://elsewhere");
        using var invoker = Invoker();
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri("ws://engine/containers/talker/attach/ws?stream=1"), invoker, CancellationToken.None));

        await ExpectErrorAsync(await Http.GetAsync("/containers/talker/attach/ws?stream=1"), HttpStatusCode.BadRequest, "WebSocket");
        await ExpectErrorAsync(await Http.GetAsync("/containers/nobody/attach/ws?stream=1"), HttpStatusCode.NotFound, "No such container: nobody");
    }

    private static bool IsHungUp(Socket socket)
    {
        try
        {
            socket.Send([0]);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private async Task<ClientWebSocket> ConnectAsync(string path)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri("ws://engine" + path), Invoker(), CancellationToken.None);
        return socket;
    }

    private HttpMessageInvoker Invoker() => new(new SocketsHttpHandler { ConnectCallback = async (_, ct) => new NetworkStream(await Engine.ConnectAsync(ct), ownsSocket: true) });

    /// <summary>Reads until a text came, or for null to the end.</summary>
    private static async Task<string> ReadUntilAsync(ClientWebSocket socket, WebSocketMessageType type, string? wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (wanted is null || !text.ToString().Contains(wanted, StringComparison.Ordinal))
        {
            var message = await socket.ReceiveAsync(buffer, patience.Token);
            if (message.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            Assert.Equal(type, message.MessageType);
            text.Append(Encoding.UTF8.GetString(buffer, 0, message.Count));
        }

        return text.ToString();
    }
}
