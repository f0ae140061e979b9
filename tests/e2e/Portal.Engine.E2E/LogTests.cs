namespace Portal.Engine.E2E;

public sealed class LogTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Logs_OfAnEndedContainer_KeepStreamsApart()
    {
        await Docker.RunAsync("run", "--name", "talker", "busybox", "sh", "-c", "echo a; echo b >&2; echo c");

        var logs = (await Docker.RunAsync("logs", "talker")).Succeeded();

        Assert.Equal(("a\nc\n", "b\n"), (logs.Out, logs.Err));
    }

    [Fact]
    public async Task Logs_WithTail_AreTheLastLines()
    {
        await Docker.RunAsync("run", "--name", "counter", "busybox", "seq", "1", "1000");

        Assert.Equal(["999", "1000"], (await Docker.RunAsync("logs", "--tail", "2", "counter")).Succeeded().Lines);
        Assert.Equal(1000, (await Docker.RunAsync("logs", "counter")).Succeeded().Lines.Length);
    }

    [Fact]
    public async Task Logs_WithTimestamps_CanBeContinuedFromOne()
    {
        await Docker.RunAsync("run", "--name", "timed", "busybox", "sh", "-c", "echo one; sleep 0.2; echo two");

        var lines = (await Docker.RunAsync("logs", "-t", "timed")).Succeeded().Lines;
        Assert.All(lines, l => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (one|two)$", l));

        var second = lines[1].Split(' ')[0];
        Assert.Equal("two", (await Docker.RunAsync("logs", "--since", second, "timed")).Succeeded().Line);
    }

    [Fact]
    public async Task Logs_Following_ArriveAndEndWithTheContainer()
    {
        await Docker.RunDetachedAsync("--name", "live", "busybox", "sh", "-c", "echo first; while [ ! -e /go ]; do sleep 0.1; done; echo last");
        await using var follower = Docker.Start("logs", "-f", "live");

        Assert.Equal("first", await follower.ReadLineAsync());
        (await Docker.RunAsync("exec", "live", "touch", "/go")).Succeeded();

        Assert.Equal("last", await follower.ReadLineAsync());
        Assert.Null(await follower.ReadLineAsync());
        Assert.Equal(0, await follower.WaitAsync());
    }

    [Fact]
    public async Task Logs_OfACreatedContainer_AreEmpty()
    {
        await Docker.RunAsync("create", "--name", "silent", "busybox", "true");

        Assert.Empty((await Docker.RunAsync("logs", "silent")).Succeeded().Out);
    }

    [Fact]
    public async Task Logs_ByTwoReadersOfWhomOneDoesNotRead_StillFlow()
    {
        await Docker.RunDetachedAsync("--name", "flood", "busybox", "sh", "-c", "seq 1 300000; touch /done; sleep 300");
        using var idle = await Engine.ConnectAsync();
        await idle.SendAsync("POST /containers/flood/attach?stream=1&stdout=1&logs=1 HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"u8.ToArray());

        await Portal.E2E.Patience.UntilAsync(
            "the container has written everything although a client does not read",
            async () => (await Docker.RunAsync("exec", "flood", "test", "-e", "/done")).ExitCode == 0);
        await Portal.E2E.Patience.UntilAsync(
            "the log holds the last line", async () => (await Docker.RunAsync("logs", "--tail", "1", "flood")).Succeeded().Line == "300000");
    }
}
