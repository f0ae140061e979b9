using System.Globalization;
using System.Net.Sockets;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent that may open few files.</summary>
public sealed class FewFilesEngine() : AgentProcess(14)
{
    protected override IReadOnlyList<string> Launcher => ["prlimit", "--nofile=256:256"];
}

public sealed class FewFilesTests(FewFilesEngine engine) : IClassFixture<FewFilesEngine>
{
    [Fact]
    public async Task Connections_MoreThanThereAreFilesFor_AreTurnedAwayAndThenServedAgain()
    {
        var memory = Memory();
        await using var sockets = new Sockets();
        for (var i = 0; i < 400; i++)
        {
            var socket = await engine.ConnectAsync();
            sockets.All.Add(socket);
            try
            {
                await socket.SendAsync("GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n"u8.ToArray());
            }
            catch (SocketException)
            {
                // Turned away before it had asked.
            }
        }

        var answers = await Task.WhenAll(sockets.All.Select(AnswerAsync));
        Assert.All(answers, answer => Assert.True(answer is "HTTP/1.1 200" or "HTTP/1.1 503" or "", answer));
        Assert.Contains("HTTP/1.1 200", answers);
        Assert.Contains("HTTP/1.1 503", answers);

        await sockets.DisposeAsync();
        await Patience.UntilAsync("it answers again", async () => await AnswerOfNewAsync() == "HTTP/1.1 200");
        await Patience.UntilAsync("its files are free again", async () => (await engine.Docker.RunAsync("run", "--rm", "--network", "none", "busybox", "true")).ExitCode == 0);
        Assert.True(Memory() < memory + (64 << 20), $"{memory} bytes became {Memory()}");
    }

    private async Task<string> AnswerOfNewAsync()
    {
        using var socket = await engine.ConnectAsync();
        try
        {
            await socket.SendAsync("GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n"u8.ToArray());
            return await AnswerAsync(socket);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task<string> AnswerAsync(Socket socket)
    {
        var buffer = new byte[12];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            return System.Text.Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, deadline.Token));
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private sealed class Sockets : IAsyncDisposable
    {
        public List<Socket> All { get; } = [];

        public ValueTask DisposeAsync()
        {
            All.ForEach(socket => socket.Dispose());
            return ValueTask.CompletedTask;
        }
    }

    private long Memory() => long.Parse(File.ReadAllText($"/proc/{engine.ProcessId}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
}
