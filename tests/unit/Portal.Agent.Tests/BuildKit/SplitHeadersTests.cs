using System.Text;
using Portal.Agent.BuildKit.Transport;

namespace Portal.Agent.Tests.BuildKit;

public sealed class SplitHeadersTests
{
    [Fact]
    public void Value_OfSeveral_BecomesHeadersOfTheSameName()
    {
        byte[] block = [0x82, 0x00, 1, (byte)'k', 5, (byte)'a', 0x1F, (byte)'b', (byte)'c', 0x1F, 0x88];

        byte[] expected = [0x82, 0x00, 1, (byte)'k', 1, (byte)'a', 0x00, 1, (byte)'k', 2, (byte)'b', (byte)'c', 0x00, 1, (byte)'k', 0, 0x88];
        Assert.Equal(expected, SplitHeaders.Split(block));
    }

    [Fact]
    public void Block_WithoutSeparator_StaysAsItIs()
    {
        // A change of the table's size, an indexed name, a long name and a long value.
        var name = Encoding.ASCII.GetBytes(new string('n', 300));
        byte[] block = [0x3F, 0xE1, 0x1F, 0x04, 3, (byte)'/', (byte)'a', (byte)'b', 0x00, 0x7F, 0xAD, 0x01, .. name, 0x7F, 0xAD, 0x01, .. name];

        Assert.Equal(block, SplitHeaders.Split(block));
    }

    [Fact]
    public async Task Frames_InPieces_ComeOutWhole()
    {
        byte[] settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        byte[] headers = [0, 0, 7, 1, 5, 0, 0, 0, 1, 0x00, 1, (byte)'k', 3, (byte)'a', 0x1F, (byte)'b'];
        byte[] all = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. settings, .. headers, .. settings];
        using var sink = new MemoryStream();
        await using var split = new SplitHeaders(sink);

        foreach (var one in all)
        {
            await split.WriteAsync(new[] { one });
        }

        byte[] rewritten = [0, 0, 10, 1, 5, 0, 0, 0, 1, 0x00, 1, (byte)'k', 1, (byte)'a', 0x00, 1, (byte)'k', 1, (byte)'b'];
        Assert.Equal([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. settings, .. rewritten, .. settings], sink.ToArray());
    }

    [Fact]
    public async Task Block_OverSeveralFrames_IsPutTogetherAndSpreadAgain()
    {
        var value = Encoding.ASCII.GetBytes(new string('x', 20_000) + '\u001f' + new string('y', 20_000));
        byte[] block = [0x00, 1, (byte)'k', .. Length(value.Length), .. value];
        byte[] all =
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8,
            .. Frame(1, 0, block.AsSpan(0, 16_384)), .. Frame(9, 0, block.AsSpan(16_384, 16_384)), .. Frame(9, 4, block.AsSpan(32_768)),
        ];
        using var sink = new MemoryStream();
        await using var split = new SplitHeaders(sink);

        await split.WriteAsync(all);

        var written = sink.ToArray().AsSpan(24);
        var types = new List<byte>();
        var joined = new List<byte>();
        while (written.Length > 0)
        {
            var length = (written[0] << 16) | (written[1] << 8) | written[2];
            Assert.True(length <= 16_384);
            types.Add(written[3]);
            joined.AddRange(written.Slice(9, length));
            Assert.Equal(written.Length == 9 + length, (written[4] & 4) != 0);
            written = written[(9 + length)..];
        }

        Assert.Equal([1, 9, 9], types);
        Assert.Equal(
            [0x00, 1, (byte)'k', .. Length(20_000), .. Encoding.ASCII.GetBytes(new string('x', 20_000)), 0x00, 1, (byte)'k', .. Length(20_000), .. Encoding.ASCII.GetBytes(new string('y', 20_000))],
            joined);
    }

    private static byte[] Length(int length)
    {
        var bytes = new List<byte> { 0x7F };
        for (length -= 127; length >= 128; length >>= 7)
        {
            bytes.Add((byte)(length | 0x80));
        }

        return [.. bytes, (byte)length];
    }

    private static byte[] Frame(byte type, byte flags, ReadOnlySpan<byte> payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 1, .. payload];
}
