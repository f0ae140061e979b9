using System.Globalization;
using System.IO.Compression;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

public sealed class ContainerLogReaderTests : IDisposable
{
    private static readonly LogQuery s_all = new(true, true, false, null, null, null);

    private readonly string _folder = Directory.CreateTempSubdirectory("logs").FullName;
    private readonly ContainerLogReader _reader = new(TimeProvider.System);

    private string LogPath => _folder + "/log";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Line(int second, string text, string stream = "stdout", char tag = 'F') => Monitor.Line(second, text, stream, tag);

    private async Task<List<string>> ReadAsync(LogQuery query)
    {
        var list = new LogList();
        await _reader.ReadAsync(LogPath, query, list, Task.CompletedTask);
        Assert.True(list.Flushes > 1);
        return [.. list.Texts];
    }

    private async Task<string> ReadLineAsync(LogQuery query) => string.Join(' ', (await ReadAsync(query)).Select(text => text.TrimEnd()));

    private void WriteCompressed(int number, string text)
    {
        File.WriteAllText(LogFileSet.NameOf(LogPath, number), text);
        LogCompression.Compress(LogPath, number, default);
        Assert.False(File.Exists(LogFileSet.NameOf(LogPath, number)));
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
    public async Task Read_RotatedCompressedAndDroppedFiles_AreOneLogInOrder()
    {
        File.WriteAllText(LogPath + ".8.part", Line(0, "0-", tag: 'P'));
        WriteCompressed(9, Line(0, "1") + Line(1, "2-", tag: 'P'));
        File.WriteAllText(LogPath + ".10", Line(2, "3") + Line(2, "4-", tag: 'P'));
        File.WriteAllText(LogPath + ".10.lost", Line(2, "lost", "stderr"));
        File.WriteAllText(LogPath, Line(3, "5"));
        File.WriteAllText(LogPath + ".tmp", Line(9, "not a log yet"));
        File.WriteAllText(LogPath + ".9.tmp", Line(9, "nor this"));

        Assert.Equal("0-1 2-3 lost 4-5", await ReadLineAsync(s_all));
    }

    [Fact]
    public async Task Read_BothFormsOfAFile_ComeOnce()
    {
        File.WriteAllText(LogPath + ".1", Line(0, "1"));
        using (var gzip = new GZipStream(File.Create(LogPath + ".1.gz"), CompressionLevel.Fastest))
        {
            gzip.Write(System.Text.Encoding.UTF8.GetBytes(Line(0, "1")));
        }

        File.WriteAllText(LogPath, Line(1, "2"));

        Assert.Equal("1 2", await ReadLineAsync(s_all));
    }

    [Fact]
    public async Task Read_DamagedCompressedFile_Throws()
    {
        File.WriteAllText(LogPath + ".1.gz", "this is no archive");

        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(s_all));
    }

    [Fact]
    public async Task Read_StreamAndTimes_AreFiltered()
    {
        File.WriteAllText(LogPath, Line(0, "old") + Line(1, "out") + Line(2, "err", "stderr") + Line(3, "new"));

        Assert.Equal(["out\n", "err\n"], await ReadAsync(s_all with { Since = Monitor.Start.AddSeconds(1), Until = Monitor.Start.AddSeconds(2) }));
        Assert.Equal(["err\n"], await ReadAsync(s_all with { Stdout = false }));
    }

    [Fact]
    public async Task Read_FilesOlderThanWanted_AreNotOpened()
    {
        File.WriteAllText(LogPath + ".1.gz", "no archive: reading it would throw");
        File.SetLastWriteTimeUtc(LogPath + ".1.gz", Monitor.Start.UtcDateTime);
        File.WriteAllText(LogPath, Line(10, "a"));

        Assert.Equal(["a\n"], await ReadAsync(s_all with { Since = Monitor.Start.AddSeconds(2) }));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "9")]
    [InlineData(3, "7 8 9")]
    [InlineData(4, "6 7 8 9")]
    [InlineData(6, "4 5 6 7 8 9")]
    [InlineData(9, "1 2 3 4 5 6 7 8 9")]
    [InlineData(99, "0 1 2 3 4 5 6 7 8 9")]
    public async Task Tail_OverRotatedFiles_IsTheLastLines(int tail, string expected)
    {
        string[] files = [Line(0, "0") + Line(1, "1") + Line(2, "2"), Line(3, "3") + Line(4, "4") + Line(5, "5")];
        File.WriteAllText(LogPath, Line(6, "6") + Line(7, "7") + Line(8, "8") + Line(9, "9"));

        File.WriteAllText(LogPath + ".1", files[0]);
        File.WriteAllText(LogPath + ".2", files[1]);
        Assert.Equal(expected, await ReadLineAsync(s_all with { Tail = tail }));

        WriteCompressed(1, files[0]);
        Assert.Equal(expected, await ReadLineAsync(s_all with { Tail = tail }));

        WriteCompressed(2, files[1]);
        Assert.Equal(expected, await ReadLineAsync(s_all with { Tail = tail }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(499)]
    [InlineData(1501)]
    [InlineData(2999)]
    public async Task Tail_LinesCrossBlocks_CountIsExact(int tail)
    {
        var log = string.Concat(Enumerable.Range(0, 3000).Select(i => Line(i, i + new string('x', i % 211))));
        File.WriteAllText(LogPath, log);
        var lines = await ReadAsync(s_all with { Tail = tail });
        File.Delete(LogPath);
        WriteCompressed(1, log);

        Assert.Equal(tail, lines.Count);
        Assert.StartsWith($"{3000 - tail}x", lines[0] + "x", StringComparison.Ordinal);
        Assert.Equal(lines, await ReadAsync(s_all with { Tail = tail }));
    }

    [Fact]
    public async Task Tail_PartsOfALine_CountOnce()
    {
        File.WriteAllText(LogPath, Line(0, "x") + Line(1, "a", tag: 'P') + Line(1, "b", tag: 'P') + Line(1, "c") + Line(2, "d"));

        Assert.Equal(["abc\n", "d\n"], await ReadAsync(s_all with { Tail = 2 }));
        Assert.Equal(["d\n"], await ReadAsync(s_all with { Tail = 1 }));
    }

    [Fact]
    public async Task Tail_PartsOfTwoStreamsMixed_CountOnceEach()
    {
        File.WriteAllText(LogPath, Line(0, "x") + Line(1, "a", tag: 'P') + Line(1, "e", "stderr") + Line(1, "b"));

        Assert.Equal(["x\n", "e\n", "ab\n"], await ReadAsync(s_all with { Tail = 3 }));
        Assert.Equal(["e\n", "ab\n"], await ReadAsync(s_all with { Tail = 2 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public async Task Tail_WhileALineIsBeingWritten_IsTheLastWholeOne(int missing)
    {
        File.WriteAllText(LogPath, Line(0, "x") + Line(1, "whole") + Line(2, new string('y', 60))[..^missing]);

        Assert.Equal(["whole\n"], await ReadAsync(s_all with { Tail = 1 }));
        Assert.Equal(["x\n", "whole\n"], await ReadAsync(s_all with { Tail = 2 }));
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, "2026-")]
    [InlineData(true, "2026-")]
    [InlineData(false, "2026-11-25T10:00:00.000000000+00:00 stdout F yy")]
    [InlineData(true, "2026-11-25T10:00:00.000000000+00:00 stdout F yy")]
    public async Task Tail_OfALineWhoseEndCameAlone_HasItWhole(bool rotated, string written)
    {
        var before = Line(0, "x") + Line(1, "yyy", tag: 'P');
        var after = Line(1, "") + written;
        File.WriteAllText(LogPath + ".1", rotated ? before : Line(0, "w"));
        File.WriteAllText(LogPath, rotated ? after : before + after);

        Assert.Equal(["yyy\n"], await ReadAsync(s_all with { Tail = 1 }));
        Assert.Equal(["x\n", "yyy\n"], await ReadAsync(s_all with { Tail = 2 }));
    }

    [Fact]
    public async Task Tail_LineAcrossFiles_CountsOnce()
    {
        WriteCompressed(1, Line(0, "x") + Line(1, "a", tag: 'P'));
        File.WriteAllText(LogPath, Line(1, "b") + Line(2, "no end", tag: 'P'));

        Assert.Equal(["ab\n", "no end"], await ReadAsync(s_all with { Tail = 2 }));
        Assert.Equal(["x\n", "ab\n", "no end"], await ReadAsync(s_all with { Tail = 3 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Tail_OfALineWithoutEnd_IsSoManyTimes16KiB(int tail)
    {
        var log = Line(0, "before") + string.Concat(Enumerable.Range(0, 20).Select(i => Line(i, new string((char)('a' + i), 8192), tag: 'P')));
        var expected = string.Concat(Enumerable.Range(20 - (2 * tail), 2 * tail).Select(i => new string((char)('a' + i), 8192)));

        File.WriteAllText(LogPath, log);
        var lines = await ReadAsync(s_all with { Tail = tail });
        Assert.Equal((tail, expected), (lines.Count, string.Concat(lines)));

        File.Delete(LogPath);
        WriteCompressed(1, log);
        Assert.Equal(lines, await ReadAsync(s_all with { Tail = tail }));
        Assert.Equal(11, (await ReadAsync(s_all with { Tail = 99 })).Count);
    }

    [Fact]
    public async Task Tail_WithSince_IsOfTheLastLinesThoseFromThen()
    {
        var log = Line(0, "0") + Line(1, "1") + Line(2, "2") + Line(3, "3");
        File.WriteAllText(LogPath, log);
        Assert.Equal(("2 3", "3", ""), (
            await ReadLineAsync(s_all with { Tail = 3, Since = Monitor.Start.AddSeconds(2) }), await ReadLineAsync(s_all with { Tail = 1, Since = Monitor.Start }),
            await ReadLineAsync(s_all with { Tail = 2, Since = Monitor.Start.AddSeconds(9) })));

        File.Delete(LogPath);
        WriteCompressed(1, log);
        Assert.Equal("2 3", await ReadLineAsync(s_all with { Tail = 3, Since = Monitor.Start.AddSeconds(2) }));
        Assert.Equal("3", await ReadLineAsync(s_all with { Tail = 1, Since = Monitor.Start }));
    }

    [Fact]
    public async Task Follow_FileAppearsGrowsRotatesAndEnds_NothingIsLostOrRepeated()
    {
        var stopped = new TaskCompletionSource();
        var follower = new LogFollower();
        var reading = _reader.ReadAsync(LogPath, s_all with { Follow = true }, follower, stopped.Task);
        await follower.Opened.Task;

        File.WriteAllText(LogPath, Line(0, "1"));
        Assert.Equal("1", await follower.NextAsync());

        File.AppendAllText(LogPath, Line(1, "2")[..30]);
        File.AppendAllText(LogPath, Line(1, "2")[30..] + Line(2, "3"));
        Assert.Equal("2", await follower.NextAsync());
        Assert.Equal("3", await follower.NextAsync());

        // The monitor writes on to the renamed file until it has made the new one.
        File.Move(LogPath, LogPath + ".1");
        File.AppendAllText(LogPath + ".1", Line(3, "4"));
        Assert.Equal("4", await follower.NextAsync());
        File.AppendAllText(LogPath + ".1", Line(4, "5"));
        File.WriteAllText(LogPath, Line(5, "6"));
        Assert.Equal("5", await follower.NextAsync());
        Assert.Equal("6", await follower.NextAsync());

        File.AppendAllText(LogPath, Line(9, "last"));
        stopped.SetResult();
        Assert.Equal("last", await follower.NextAsync());
        await reading.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Follow_SlowReader_GetsWhatWasRotatedCompressedAndEvenRemovedMeanwhile()
    {
        var stopped = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var follower = new LogFollower { Gate = gate.Task };
        File.WriteAllText(LogPath, Line(0, "1"));
        var reading = _reader.ReadAsync(LogPath, s_all with { Follow = true }, follower, stopped.Task);
        await follower.Opened.Task;

        // Two rotations while the client does not read; the file it is in is compressed, and the one after it.
        File.AppendAllText(LogPath, Line(1, "2"));
        File.Move(LogPath, LogPath + ".1");
        File.WriteAllText(LogPath, Line(2, "3"));
        LogCompression.Compress(LogPath, 1, default);
        File.Move(LogPath, LogPath + ".2");
        LogCompression.Compress(LogPath, 2, default);
        File.WriteAllText(LogPath, Line(3, "4"));
        gate.SetResult();
        Assert.Equal(["1", "2", "3", "4"], [await follower.NextAsync(), await follower.NextAsync(), await follower.NextAsync(), await follower.NextAsync()]);

        // Its file is dropped under it: it reads that to the end, and goes on with the oldest there is.
        gate = new();
        follower.Gate = gate.Task;
        File.AppendAllText(LogPath, Line(4, "5"));
        Assert.Equal("5", await follower.NextAsync());
        File.AppendAllText(LogPath, Line(4, "6"));
        File.Move(LogPath, LogPath + ".3");
        File.WriteAllText(LogPath + ".4", Line(5, "dropped"));
        File.WriteAllText(LogPath + ".5", Line(6, "7"));
        File.WriteAllText(LogPath, Line(7, "8"));
        LogFileSet.Remove(LogPath, 3);
        LogFileSet.Remove(LogPath, 4);
        gate.SetResult();
        Assert.Equal(["6", "7", "8"], [await follower.NextAsync(), await follower.NextAsync(), await follower.NextAsync()]);

        stopped.SetResult();
        await reading.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Read_FilesRemovedAfterItBegan_AreReadToTheEnd()
    {
        var gate = new TaskCompletionSource();
        var follower = new LogFollower { Gate = gate.Task };
        WriteCompressed(1, Line(0, "1"));
        File.WriteAllText(LogPath + ".2", Line(1, "2"));
        File.WriteAllText(LogPath, Line(2, "3"));
        var reading = _reader.ReadAsync(LogPath, s_all, follower, Task.CompletedTask);
        await follower.Opened.Task;

        LogFileSet.Remove(LogPath, 1);
        LogCompression.Compress(LogPath, 2, default);
        File.Delete(LogPath);
        gate.SetResult();

        Assert.Equal(["1", "2", "3"], [await follower.NextAsync(), await follower.NextAsync(), await follower.NextAsync()]);
        await reading.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Follow_FileEmptiedByHand_GoesOnFromItsNewBeginning()
    {
        var stopped = new TaskCompletionSource();
        var follower = new LogFollower();
        File.WriteAllText(LogPath, Line(0, "a long line before the file is emptied"));
        var reading = _reader.ReadAsync(LogPath, s_all with { Follow = true }, follower, stopped.Task);
        await follower.NextAsync();

        using (var file = new FileStream(LogPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(0);
            file.Write(System.Text.Encoding.UTF8.GetBytes(Line(1, "b")));
        }

        Assert.Equal("b", await follower.NextAsync());
        stopped.SetResult();
        await reading.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Follow_WithTailZero_BeginsAtTheEnd()
    {
        var stopped = new TaskCompletionSource();
        var follower = new LogFollower();
        File.WriteAllText(LogPath, Line(0, "old"));
        var reading = _reader.ReadAsync(LogPath, s_all with { Follow = true, Tail = 0 }, follower, stopped.Task);
        await follower.Opened.Task;
        File.AppendAllText(LogPath, Line(1, "new"));

        Assert.Equal("new", await follower.NextAsync());
        stopped.SetResult();
        await reading.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Follow_UntilATime_EndsThen()
    {
        File.WriteAllText(LogPath, Line(0, "old"));
        var list = new LogList();

        await _reader.ReadAsync(LogPath, s_all with { Follow = true, Until = DateTimeOffset.UtcNow.AddMilliseconds(50) }, list, new TaskCompletionSource().Task).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(["old\n"], list.Texts);
    }

    [Fact]
    public async Task Follow_Cancelled_Ends()
    {
        using var leaving = new CancellationTokenSource();
        var follower = new LogFollower();
        var reading = _reader.ReadAsync(LogPath, s_all with { Follow = true }, follower, new TaskCompletionSource().Task, leaving.Token);
        await follower.Opened.Task;
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task Entries_OfTwoStreams_KeepTimeAndStream()
    {
        File.WriteAllText(LogPath, string.Concat(Enumerable.Range(0, 10_000).Select(i => Line(i, i.ToString(CultureInfo.InvariantCulture), i % 2 == 0 ? "stdout" : "stderr"))));
        var list = new LogList();
        await _reader.ReadAsync(LogPath, s_all, list, Task.CompletedTask);

        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => (Monitor.Time(i), i % 2 == 0 ? StdioStream.Stdout : StdioStream.Stderr, $"{i}\n")), list.Entries);
    }
}
