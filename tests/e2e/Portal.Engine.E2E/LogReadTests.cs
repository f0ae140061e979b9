using System.Net;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>What can be asked of a log, by the CLIs there are and by plain HTTP.</summary>
public sealed class LogReadTests(Engine engine) : EngineTest(engine)
{
    /// <summary>The docker CLIs of this machine: the distribution's and a newer one, where both are there.</summary>
    public static TheoryData<string> Clients => [.. Installed.All("docker").Prepend(DockerCli.Usual).Distinct()];

    [Theory, MemberData(nameof(Clients))]
    public async Task Logs_EveryFlag_OfEveryCli(string client)
    {
        await Docker.RunAsync("run", "--name", "asked", "busybox", "sh", "-c", "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; sleep 0.1; done");
        var stamps = (await LogsAsync("-t")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToList();

        Assert.Equal("out 1\nout 2\nout 3\nout 4\nout 5\n", (await LogsAsync()).Out);
        Assert.Equal("err 1\nerr 2\nerr 3\nerr 4\nerr 5\n", (await LogsAsync("--follow")).Err);
        Assert.Equal(10, (await LogsAsync("--tail", "all")).Lines.Length + (await LogsAsync("-n", "all")).Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(3, Count(await LogsAsync("--tail", "3")));
        Assert.Equal(0, Count(await LogsAsync("--tail", "0")));
        Assert.Equal("out 4\nout 5\n", (await LogsAsync("--since", stamps[3][0])).Out);
        Assert.Equal("out 1\nout 2\n", (await LogsAsync("--until", stamps[1][0])).Out);
        Assert.Equal("out 3\n", (await LogsAsync("--since", stamps[2][0], "--until", stamps[2][0], "-f")).Out);
        Assert.Equal(10, Count(await LogsAsync("--since", "10m")));
        Assert.Equal(0, Count(await LogsAsync("--since", DateTimeOffset.UtcNow.AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"))));
        Assert.Equal(" out 5", (await LogsAsync("--details")).Out.Split('\n')[4]);

        async Task<CliResult> LogsAsync(params string[] flags) =>
            (await ChildProcess.RunAsync(client, ["-H", "unix://" + Engine.Socket, "logs", .. flags, "asked"])).Succeeded();

        static int Count(CliResult logs) => (logs.Out + logs.Err).Count(c => c == '\n');
    }

    [Fact]
    public async Task Logs_OfSeveralRuns_AreOneLog()
    {
        await Docker.RunAsync("run", "--name", "again", "busybox", "sh", "-c", "echo run; printf 'no end'");
        (await Docker.RunAsync("start", "-a", "again")).Succeeded();

        Assert.Equal("run\nno endrun\nno end", (await Docker.RunAsync("logs", "again")).Succeeded().Out);
    }

    [Fact]
    public async Task Logs_FollowedBeforeTheStartOrAfterTheEnd_EndAtOnce()
    {
        await Docker.RunAsync("create", "--name", "early", "busybox", "echo", "hi");
        Assert.Empty((await Docker.RunAsync("logs", "-f", "early")).Succeeded().Out);

        (await Docker.RunAsync("start", "-a", "early")).Succeeded();
        Assert.Equal("hi", (await Docker.RunAsync("logs", "-f", "early")).Succeeded().Line);
    }

    [Fact]
    public async Task Logs_BytesOfEveryKind_ComeAsTheyWent()
    {
        // 200 KiB with every byte, line feeds where chance put them, and the same number of bytes without any.
        await Docker.RunAsync("run", "--name", "raw", "busybox", "sh", "-c", "dd if=/dev/urandom of=/r bs=1k count=200; tr '\\n' x </r >/s; cat /r; cat /s; sha256sum /r /s >&2");
        var sums = (await Docker.RunAsync("logs", "raw")).Succeeded().Err.Split('\n');
        var bytes = Frames(await (await Http.GetAsync("/containers/raw/logs?stdout=1")).Content.ReadAsByteArrayAsync(), out var pieces);

        Assert.Equal(2 * 200 * 1024, bytes.Length);
        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(0, 200 * 1024))), string.Join('\n', sums), StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(200 * 1024))), string.Join('\n', sums), StringComparison.Ordinal);
        Assert.All(pieces, length => Assert.InRange(length, 1, 16 * 1024));
    }

    [Fact]
    public async Task Logs_OfATerminal_AreRaw()
    {
        await Docker.RunDetachedAsync("-t", "--name", "screen", "busybox", "sh", "-c", "echo a; echo b >&2");
        await Docker.UntilAsync("screen", "{{.State.Status}}", "exited");

        using var answer = await Http.GetAsync("/v1.42/containers/screen/logs?stdout=1&stderr=1");

        Assert.Equal("application/vnd.docker.raw-stream", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("a\r\nb\r\n", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("", "you must choose at least one stream")]
    [InlineData("stdout=1&since=yesterday", "invalid value for \"since\": invalid timestamp \"yesterday\": invalid seconds \"yesterday\": invalid syntax")]
    [InlineData("stdout=1&until=1.x", "invalid value for \"until\": invalid timestamp \"1.x\": invalid nanoseconds: invalid character 'x' at position 0")]
    public async Task Logs_BadQuery_Is400(string query, string words)
    {
        await Docker.RunAsync("create", "--name", "idle", "busybox", "true");

        using var answer = await Http.GetAsync("/containers/idle/logs?" + query);
        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, words);
    }

    [Fact]
    public async Task Logs_ByAClientThatPauses_LoseNothing()
    {
        await Docker.RunDetachedAsync("--name", "patient", "busybox", "sh", "-c", "seq 1 400000; sleep 600");
        using var socket = await Engine.ConnectAsync();
        await socket.SendAsync("GET /containers/patient/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: e\r\n\r\n"u8.ToArray());

        // More than fits into all buffers on the way is waiting; two rotations have passed meanwhile.
        await Patience.UntilAsync("the log holds the last line", async () => (await Docker.RunAsync("logs", "--tail", "1", "patient")).Line == "400000");
        var text = new StringBuilder();
        var buffer = new byte[1 << 16];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!text.ToString(Math.Max(0, text.Length - 100), Math.Min(100, text.Length)).Contains("400000\n", StringComparison.Ordinal))
            text.Append(Encoding.Latin1.GetString(buffer, 0, await socket.ReceiveAsync(buffer, deadline.Token)));

        // Frames and chunks are binary; the numbers between them are what counts.
        var numbers = System.Text.RegularExpressions.Regex.Matches(text.ToString(), "[\0-\a](\\d+)\n").Select(match => int.Parse(match.Groups[1].Value)).ToList();
        Assert.InRange(numbers.Count, 399_000, 400_000);   // a few lie across two chunks
        Assert.Equal(numbers.Order(), numbers);
    }

    /// <summary>The bytes of a multiplexed stream, and how long each frame was.</summary>
    private static byte[] Frames(ReadOnlySpan<byte> stream, out List<int> pieces)
    {
        using var bytes = new MemoryStream();
        pieces = [];
        while (!stream.IsEmpty)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(stream[4..]);
            pieces.Add(length);
            bytes.Write(stream.Slice(8, length));
            stream = stream[(8 + length)..];
        }

        return bytes.ToArray();
    }
}
