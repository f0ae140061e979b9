using System.Globalization;
using System.Text;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

public sealed class ContainerLogReaderTests : IDisposable
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);
    private static readonly LogQuery s_all = new(true, true, false, null, null, null);

    private readonly string _folder = Directory.CreateTempSubdirectory("logs").FullName;
    private readonly ContainerLogReader _reader = new(TimeProvider.System);

    private string LogPath => _folder + "/log";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Line(int second, string text, string stream = "stdout", char tag = 'F') =>
        $"{s_start.AddSeconds(second).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture)}00+00:00 {stream} {tag} {text}\n";

    private async Task<List<string>> ReadAsync(LogQuery query)
    {
        var texts = new List<string>();
        await foreach (var entry in _reader.ReadAsync(LogPath, query, Task.CompletedTask))
        {
            texts.Add(Encoding.UTF8.GetString(entry.Data.Span));
        }

        return texts;
    }

    [Fact]
    public async Task Read_NoFile_IsEmpty() => Assert.Empty(await ReadAsync(s_all));

    [Fact]
    public async Task Read_LinesAndParts_AreWholeLinesWithTheirEnds()
    {
        File.WriteAllText(LogPath, Line(0, "a", tag: 'P') + Line(0, "b") + "torn by a crash\n" + Line(1, "", "stderr") + Line(2, "no end yet")[..50]);

        Assert.Equal(["ab\n", "\n"], await ReadAsync(s_all));
    }

    [Fact]
    public async Task Read_ManyLinesOverManyBlocks_AllArriveInOrder()
    {
        var lines = Enumerable.Range(0, 20_000).Select(i => new string((char)('a' + (i % 26)), i % 9000 == 8999 ? 8192 : i % 200) + i).ToList();
        File.WriteAllText(LogPath, string.Concat(lines.Select((line, i) => Line(i, line))));

        Assert.Equal(lines.Select(line => line + "\n"), await ReadAsync(s_all));
    }

    [Fact]
    public async Task Read_StreamAndTimes_AreFiltered()
    {
        File.WriteAllText(LogPath, Line(0, "old") + Line(1, "out") + Line(2, "err", "stderr") + Line(3, "new"));

        Assert.Equal(["out\n", "err\n"], await ReadAsync(s_all with { Since = s_start.AddSeconds(1), Until = s_start.AddSeconds(2) }));
        Assert.Equal(["err\n"], await ReadAsync(s_all with { Stdout = false }));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "9")]
    [InlineData(3, "7 8 9")]
    [InlineData(6, "4 5 6 7 8 9")]
    [InlineData(99, "0 1 2 3 4 5 6 7 8 9")]
    public async Task Tail_OverRotatedFiles_IsTheLastLines(int tail, string expected)
    {
        File.WriteAllText(LogPath + ".2", Line(0, "0") + Line(1, "1") + Line(2, "2"));
        File.WriteAllText(LogPath + ".1", Line(3, "3") + Line(4, "4") + Line(5, "5"));
        File.WriteAllText(LogPath, Line(6, "6") + Line(7, "7") + Line(8, "8") + Line(9, "9"));

        Assert.Equal(expected, string.Join(' ', (await ReadAsync(s_all with { Tail = tail })).Select(text => text.TrimEnd())));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(499)]
    [InlineData(1501)]
    [InlineData(2999)]
    public async Task Tail_LinesCrossBlocks_CountIsExact(int tail)
    {
        File.WriteAllText(LogPath, string.Concat(Enumerable.Range(0, 3000).Select(i => Line(i, i + new string('x', i % 211)))));

        var lines = await ReadAsync(s_all with { Tail = tail });

        Assert.Equal(tail, lines.Count);
        Assert.StartsWith($"{3000 - tail}x", lines[0] + "x", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tail_PartsOfALine_CountOnce()
    {
        File.WriteAllText(LogPath, Line(0, "x") + Line(1, "a", tag: 'P') + Line(1, "b", tag: 'P') + Line(1, "c") + Line(2, "d"));

        Assert.Equal(["abc\n", "d\n"], await ReadAsync(s_all with { Tail = 2 }));
        Assert.Equal(["d\n"], await ReadAsync(s_all with { Tail = 1 }));
    }

    [Fact]
    public async Task Follow_FileAppearsGrowsRotatesAndEnds_NothingIsLostOrRepeated()
    {
        var stopped = new TaskCompletionSource();
        await using var entries = _reader.ReadAsync(LogPath, s_all with { Follow = true }, stopped.Task).GetAsyncEnumerator();
        async Task<string> NextAsync() => await entries.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)) ? Encoding.UTF8.GetString(entries.Current.Data.Span).TrimEnd() : "end";

        var first = NextAsync();
        Assert.False(first.IsCompleted);
        File.WriteAllText(LogPath, Line(0, "1"));
        Assert.Equal("1", await first);

        var second = NextAsync();
        File.AppendAllText(LogPath, Line(1, "2")[..30]);
        File.AppendAllText(LogPath, Line(1, "2")[30..] + Line(2, "3"));
        Assert.Equal("2", await second);
        Assert.Equal("3", await NextAsync());

        // The monitor writes on to the renamed file until it has made the new one.
        var fourth = NextAsync();
        File.Move(LogPath, LogPath + ".1");
        File.AppendAllText(LogPath + ".1", Line(3, "4"));
        Assert.Equal("4", await fourth);
        File.AppendAllText(LogPath + ".1", Line(4, "5"));
        File.WriteAllText(LogPath, Line(5, "6"));
        Assert.Equal("5", await NextAsync());
        Assert.Equal("6", await NextAsync());

        // Two rotations while the reader is elsewhere.
        File.Move(LogPath + ".1", LogPath + ".3");
        File.AppendAllText(LogPath, Line(6, "7"));
        File.Move(LogPath, LogPath + ".2");
        File.WriteAllText(LogPath + ".1", Line(7, "8"));
        File.WriteAllText(LogPath, Line(8, "9"));
        Assert.Equal(["7", "8", "9"], [await NextAsync(), await NextAsync(), await NextAsync()]);

        File.AppendAllText(LogPath, Line(9, "last"));
        stopped.SetResult();
        Assert.Equal("last", await NextAsync());
        Assert.Equal("end", await NextAsync());
    }

    [Fact]
    public async Task Follow_Cancelled_Ends()
    {
        using var leaving = new CancellationTokenSource();
        await using var entries = _reader.ReadAsync(LogPath, s_all with { Follow = true }, new TaskCompletionSource().Task, leaving.Token).GetAsyncEnumerator();
        var next = entries.MoveNextAsync().AsTask();
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task Entries_KeptByTheReader_AreNotWrittenOver()
    {
        File.WriteAllText(LogPath, string.Concat(Enumerable.Range(0, 10_000).Select(i => Line(i, i.ToString(CultureInfo.InvariantCulture), i % 2 == 0 ? "stdout" : "stderr"))));
        var kept = new List<LogEntry>();
        await foreach (var entry in _reader.ReadAsync(LogPath, s_all, Task.CompletedTask))
        {
            kept.Add(entry);
        }

        Assert.All(kept.Select((entry, i) => (entry, i)), pair =>
        {
            Assert.Equal($"{pair.i}\n", Encoding.UTF8.GetString(pair.entry.Data.Span));
            Assert.Equal((s_start.AddSeconds(pair.i), pair.i % 2 == 0 ? StdioStream.Stdout : StdioStream.Stderr), (pair.entry.Time, pair.entry.Stream));
        });
    }
}
