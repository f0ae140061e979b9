using System.IO.Pipelines;
using System.Text;
using Portal.Agent.EngineApi.Streams;
using Portal.Runtime.Supervision;

namespace Portal.Agent.Tests.EngineApi.Streams;

public sealed class LogFramesTests
{
    private readonly Pipe _pipe = new(new(pauseWriterThreshold: 0));

    [Fact]
    public async Task Write_Framed_HasStreamLengthAndBytes()
    {
        using var frames = new LogFrames(_pipe.Writer, framed: true, timestamps: false, details: null);
        frames.Write(new(0, StdioStream.Stdout, "a\n"u8));
        frames.Write(new(0, StdioStream.Stderr, [0xff, 0x00]));

        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 2, (byte)'a', (byte)'\n', 2, 0, 0, 0, 0, 0, 0, 2, 0xff, 0x00], await SentAsync(frames));
    }

    [Theory]
    [InlineData(0, "1970-01-01T00:00:00.000000000Z")]
    [InlineData(1_795_460_400_123_456_789, "2026-11-23T19:00:00.123456789Z")]
    [InlineData(1_795_460_400_000_000_001, "2026-11-23T19:00:00.000000001Z")]
    [InlineData(-1, "1969-12-31T23:59:59.999999999Z")]
    public async Task Write_WithTimestamp_HasNineDigits(long time, string stamp)
    {
        using var frames = new LogFrames(_pipe.Writer, framed: false, timestamps: true, details: null);
        frames.Write(new(time, StdioStream.Stdout, "x\n"u8));
        frames.Write(new(time, StdioStream.Stdout, "y\n"u8));

        Assert.Equal($"{stamp} x\n{stamp} y\n", Encoding.UTF8.GetString(await SentAsync(frames)));
    }

    [Theory]
    [InlineData(false, "a=b,c=d", "a=b,c=d x\n")]
    [InlineData(true, "a=b,c=d", "1970-01-01T00:00:00.000000000Z a=b,c=d x\n")]
    [InlineData(true, "", "1970-01-01T00:00:00.000000000Z  x\n")]
    public async Task Write_WithDetails_ComeAfterTheTime(bool timestamps, string details, string line)
    {
        using var frames = new LogFrames(_pipe.Writer, framed: false, timestamps, Encoding.UTF8.GetBytes(details));
        frames.Write(new(0, StdioStream.Stdout, "x\n"u8));

        Assert.Equal(line, Encoding.UTF8.GetString(await SentAsync(frames)));
    }

    [Fact]
    public async Task Write_MoreThanTheBufferHolds_IsAllThere()
    {
        using var frames = new LogFrames(_pipe.Writer, framed: false, timestamps: false, details: null);
        var text = new StringBuilder();
        for (var i = 0; i < 50_000; i++)
        {
            frames.Write(new(0, StdioStream.Stdout, Encoding.UTF8.GetBytes($"line {i}\n")));
            text.Append("line ").Append(i).Append('\n');
        }

        Assert.Equal(text.ToString(), Encoding.UTF8.GetString(await SentAsync(frames)));
    }

    [Fact]
    public async Task Flush_ClientIsGone_EndsTheReading()
    {
        using var frames = new LogFrames(_pipe.Writer, framed: false, timestamps: false, details: null);
        await _pipe.Reader.CompleteAsync();

        await Assert.ThrowsAsync<ClientGoneException>(() => frames.FlushAsync(default).AsTask());
    }

    private async Task<byte[]> SentAsync(LogFrames frames)
    {
        await frames.FlushAsync(default);
        await _pipe.Writer.CompleteAsync();
        using var stream = new MemoryStream();
        await _pipe.Reader.CopyToAsync(stream);
        return stream.ToArray();
    }
}
