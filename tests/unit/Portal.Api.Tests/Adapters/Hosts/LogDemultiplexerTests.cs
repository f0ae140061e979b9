using System.Buffers.Binary;
using System.Text;
using Portal.Api.Adapters.Hosts;
using Portal.Domain.Containers;

namespace Portal.Api.Tests.Adapters.Hosts;

public class LogDemultiplexerTests
{
    private const string Time = "2026-01-02T03:04:05.123456789Z";
    private static readonly DateTimeOffset s_time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(1234567);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(10_000)]
    public void Framed_CutAnywhere_GivesTheSameLines(int chunk)
    {
        byte[] bytes = [.. Frame(1, $"{Time} one\n"), .. Frame(2, $"{Time} two\n"), .. Frame(1, $"{Time} \n"), .. Frame(1, $"{Time} grün\r\n")];
        Assert.Equal(
            [new(s_time, false, "one"), new(s_time, true, "two"), new(s_time, false, ""), new LogLine(s_time, false, "grün")],
            Read(framed: true, bytes, chunk));
    }

    [Fact]
    public void Framed_MessageWithoutLineEnd_IsShownAtOnce()
    {
        var lines = new List<LogLine>();
        new LogDemultiplexer(framed: true).Append(Frame(1, $"{Time} login: "), lines);
        Assert.Equal("login: ", Assert.Single(lines).Text);
    }

    [Fact]
    public void Framed_StreamsInterleaved_KeepTheirOwnLines()
    {
        byte[] bytes = [.. Frame(1, $"{Time} out"), .. Frame(2, $"{Time} err\n"), .. Frame(1, $"{Time} more\n")];
        Assert.Equal(["out", "err", "more"], Read(framed: true, bytes, 5).Select(line => line.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void LongLine_ComesInPartsOf16KiBThatAddUp(bool framed)
    {
        // Three bytes a character: parts must not cut one in two.
        var text = string.Concat(Enumerable.Repeat("€", 20_000));
        var bytes = Encoding.UTF8.GetBytes($"{Time} {text}\n{Time} end\n");
        var lines = Read(framed, framed ? Frame(1, bytes) : bytes, 1000);
        Assert.All(lines, line => Assert.True(Encoding.UTF8.GetByteCount(line.Text) <= LogDemultiplexer.LongestPart));
        Assert.All(lines, line => Assert.Equal(s_time, line.Time));
        Assert.Equal(text, string.Concat(lines.SkipLast(1).Select(line => line.Text)));
        Assert.Equal(4, lines.Count - 1);
        Assert.Equal("end", lines[^1].Text);
    }

    [Fact]
    public void LineOfExactly16KiB_IsOnePart()
    {
        var text = new string('x', LogDemultiplexer.LongestPart);
        Assert.Equal([text, "end"], Read(framed: false, Encoding.UTF8.GetBytes($"{Time} {text}\n{Time} end\n"), 4096).Select(line => line.Text));
    }

    [Fact]
    public void Raw_ChunksOfATerminal_AreJoined() => Assert.Equal(
        ["one", "two", "rest"], Read(framed: false, Encoding.UTF8.GetBytes($"{Time} one\r\n{Time} two\r\n{Time} rest"), 4).Select(line => line.Text));

    [Fact]
    public void InvalidUtf8_IsReplaced_AndEscapesAreKept()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(Time + " a"), 0xFF, 0xC3, .. "b\u001b[31m\n"u8];
        Assert.Equal("a\uFFFD\uFFFDb\u001b[31m", Assert.Single(Read(framed: true, Frame(1, bytes), 100)).Text);
    }

    [Fact]
    public void LineWithoutTime_KeepsItsTextAndTheLastTime() => Assert.Equal(
        [new(s_time, false, "one"), new LogLine(s_time, false, "not-a-time two")], Read(framed: true, [.. Frame(1, $"{Time} one\n"), .. Frame(1, "not-a-time two\n")], 100));

    [Fact]
    public void FrameThatClaims4GiB_NeedsNoMemoryForIt()
    {
        var lines = new List<LogLine>();
        var demultiplexer = new LogDemultiplexer(framed: true);
        demultiplexer.Append([1, 0, 0, 0, 255, 255, 255, 255], lines);
        var before = GC.GetAllocatedBytesForCurrentThread();
        demultiplexer.Append("short"u8, lines);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
        demultiplexer.Complete(lines);
        Assert.Equal("short", Assert.Single(lines).Text);
    }

    private static List<LogLine> Read(bool framed, byte[] bytes, int chunk)
    {
        var demultiplexer = new LogDemultiplexer(framed);
        var lines = new List<LogLine>();
        foreach (var part in bytes.Chunk(chunk))
        {
            demultiplexer.Append(part, lines);
        }

        demultiplexer.Complete(lines);
        return lines;
    }

    private static byte[] Frame(byte stream, string text) => Frame(stream, Encoding.UTF8.GetBytes(text));

    private static byte[] Frame(byte stream, byte[] text)
    {
        var frame = new byte[8 + text.Length];
        frame[0] = stream;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), text.Length);
        text.CopyTo(frame, 8);
        return frame;
    }
}
