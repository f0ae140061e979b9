using System.Text;
using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Linux;
using Portal.Runtime.Logs;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogRotationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rotation").FullName;
    private readonly FakeTimeProvider _time = new();

    private string Log => _folder + "/log";

    private string Fifo => _folder + "/ctl";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Step_Small_IsLeft()
    {
        File.WriteAllText(Log, "12345");

        Assert.Empty(Rotation(6, 3).Step());
        Assert.Equal("log", Names());
    }

    [Fact]
    public void Step_Full_ShiftsDropsTheOldestAndAsksForANewFile()
    {
        var rotation = Rotation(10, 3);
        foreach (var text in (string[])["1111111111", "2222222222", "3333333333", "4444444444"])
        {
            Write(text);
            Assert.Equal([], rotation.Step());
            Assert.True(rotation.IsUnderWay);
            Assert.Equal("2 0 0\n", Asked());

            // The monitor takes the file that was laid out for it.
            File.Move(Log + ".tmp", Log);
            Assert.Equal([text[0] - '0'], rotation.Step());
        }

        Assert.Equal("log log.3 log.4", Names());
        Assert.Equal("4444444444", File.ReadAllText(Log + ".4"));
        Assert.Equal(40, rotation.Written);
    }

    [Fact]
    public void Step_MessageWasLost_IsSentAgainAfterASecond()
    {
        var rotation = Rotation(4, 3);
        Write("12345");
        rotation.Step();
        Asked();

        rotation.Step();
        Assert.Equal("", Asked());
        _time.Advance(TimeSpan.FromSeconds(1.1));
        rotation.Step();
        Assert.Equal("2 0 0\n", Asked());
    }

    [Fact]
    public void Step_AfterAnAgentThatDiedInTheMiddle_AsksAtOnce()
    {
        File.WriteAllText(Log + ".1", "x");

        var rotation = Rotation(4, 3);
        rotation.Step();

        Assert.Equal("2 0 0\n", Asked());
        Write("");
        Assert.Equal([1], rotation.Step());
    }

    [Fact]
    public void Step_FilesGrewTooLarge_BytesDecide()
    {
        var rotation = Rotation(100, 3);
        foreach (var letter in "abc")
        {
            Fill(letter, 180);
            rotation.Step();
            File.Move(Log + ".tmp", Log);
            rotation.Step();
        }

        // 324 bytes in all, of which the next file will be more than 100: one of 180 stays, not two.
        Assert.Equal("log log.3", Names());
    }

    [Fact]
    public void Step_OneFileFarTooLarge_KeepsItsLastLines()
    {
        var rotation = Rotation(1000, 3);
        File.WriteAllText(Log, string.Concat(Enumerable.Range(0, 1000).Select(i => Monitor.Line(i, $"{i}"))));
        rotation.Step();
        File.Move(Log + ".tmp", Log);
        rotation.Step();

        var kept = File.ReadAllText(Log + ".1");
        Assert.InRange(kept.Length, 1800, 2000);
        Assert.StartsWith(Monitor.Line(1000 - kept.Split('\n').Length + 1, $"{1000 - kept.Split('\n').Length + 1}"), kept, StringComparison.Ordinal);
        Assert.EndsWith(Monitor.Line(999, "999"), kept, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_OneFileOnly_KeepsWhatCameAfterTheLimitUntilThatRoomIsNeeded()
    {
        var rotation = Rotation(1000, 1);
        File.WriteAllText(Log, string.Concat(Enumerable.Range(0, 25).Select(i => Monitor.Line(i, $"{i:d2}")))); // 48 bytes each, 1200 in all
        rotation.Step();
        File.Move(Log + ".tmp", Log);
        rotation.Step();

        Assert.Equal(Monitor.Line(21, "21") + Monitor.Line(22, "22") + Monitor.Line(23, "23") + Monitor.Line(24, "24"), File.ReadAllText(Log + ".1"));
        Fill('x', 800);
        rotation.Step();
        Assert.Equal("log log.1", Names());
        Fill('x', 950);
        rotation.Step();
        Assert.Equal("log", Names());
    }

    [Fact]
    public void Step_DroppedFileEndsInTheMiddleOfALine_ItsBeginningStays()
    {
        var rotation = Rotation(300, 2);
        var parts = Monitor.Line(8, "out-", tag: 'P') + Monitor.Line(8, "err-", "stderr", 'P');
        File.WriteAllText(Log, Monitor.Line(1, new string('x', 200)) + Monitor.Line(2, "whole", "stderr") + parts);
        rotation.Step();
        File.Move(Log + ".tmp", Log);
        rotation.Step();
        File.WriteAllText(Log, Monitor.Line(9, new string('y', 300)) + Monitor.Line(9, "end", "stderr") + Monitor.Line(9, "end"));
        rotation.Step();
        File.Move(Log + ".tmp", Log);
        rotation.Step();

        Assert.Equal("log log.1.part log.2", Names());
        Assert.Equal(parts, File.ReadAllText(Log + ".1.part"));

        Fill('z', 400);
        rotation.Step();
        Assert.Equal("log.3 log.tmp", Names());
    }

    [Fact]
    public void Step_WithoutALimit_NeverRotatesButWhenForced()
    {
        var rotation = Rotation(null, 1);
        for (var i = 0; i < 3; i++)
        {
            Fill('x', 100_000);
            rotation.Step();
            Assert.False(rotation.IsUnderWay);
            rotation.Step(force: true);
            File.Move(Log + ".tmp", Log);
            rotation.Step();
        }

        Assert.Equal("log log.1 log.2 log.3", Names());
        Assert.Equal(300_000, rotation.Written);
    }

    [Fact]
    public void Step_NoRoomForTheNextFile_LeavesTheMonitorItsOwn()
    {
        Write("12345");
        Directory.CreateDirectory(Log + ".tmp");

        Assert.ThrowsAny<Exception>(() => Rotation(4, 3).Step());

        Assert.Equal("log", Names());
        Assert.Equal("", Asked());
    }

    [Fact]
    public void Finish_AfterAFlood_IsWithinTheLimits()
    {
        var rotation = Rotation(1000, 2);
        rotation.Step();
        File.WriteAllText(Log, string.Concat(Enumerable.Range(0, 1000).Select(i => Monitor.Line(i, $"{i}"))));

        Assert.Equal([1], rotation.Finish());

        Assert.Equal("log.1", Names());
        Assert.InRange(new FileInfo(Log + ".1").Length, 900, 1000);
    }

    [Fact]
    public void Finish_InTheMiddleOfARotation_KeepsWhatWasPutAside()
    {
        var rotation = Rotation(100, 3);
        Fill('x', 150);
        rotation.Step();

        Assert.Equal([1], rotation.Finish());

        Assert.Equal("log.1", Names());
    }

    [Fact]
    public void Step_RealFifo_NeitherWaitsForAReaderNorLosesTheMessage()
    {
        using (var folder = new PathInRoot(_folder))
        {
            Assert.Equal((Errno)0, Libc.MakeNodeAt(folder.Root, "ctl"u8, FileKind.Fifo, 0x180, 0, 0));
        }

        Write("12");
        var rotation = Rotation(1, 3, makeFifo: false);
        rotation.Step(); // nobody there: must return

        using var conmon = new FileStream(Fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        _time.Advance(TimeSpan.FromSeconds(2));
        rotation.Step(); // the new file is missing: asks again
        var message = new byte[16];
        Assert.Equal("2 0 0\n", Encoding.ASCII.GetString(message, 0, conmon.Read(message)));
    }

    private LogRotation Rotation(long? size, int files, bool makeFifo = true)
    {
        if (makeFifo)
        {
            File.WriteAllText(Fifo, "");
        }

        return new(new(Log, Fifo, new(size, files, false)), _time);
    }

    private void Write(string text) => File.WriteAllText(Log, text);

    private void Fill(char letter, int count) => Write(new string(letter, count - 1) + "\n");

    /// <summary>What the monitor was told since the last call.</summary>
    private string Asked()
    {
        var text = File.ReadAllText(Fifo);
        File.WriteAllText(Fifo, "");
        return text;
    }

    private string Names() => string.Join(' ', Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Where(name => name != "ctl").Order(StringComparer.Ordinal));
}
