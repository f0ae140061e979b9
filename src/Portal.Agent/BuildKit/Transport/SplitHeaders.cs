using System.Buffers.Binary;

namespace Portal.Agent.BuildKit.Transport;

/// <summary>
/// Sends a header of several values as several headers. BuildKit's clients read lists (patterns of files) that way, while .NET's HTTP
/// client joins the values of a header with a comma, and offers no way around that. What it sends is HTTP/2 frames whose header
/// blocks neither use the table of recent headers nor Huffman's code (RFC 7541, 6.2.2), so that a block can be rewritten on its way by itself.
/// </summary>
/// <param name="inner">The connection.</param>
internal sealed class SplitHeaders(Stream inner) : Stream
{
    /// <summary>Stands between the values of a header. No value of a header holds it otherwise.</summary>
    public const char Separator = '\u001f';

    private const int PrefaceLength = 24;
    private const int FrameHead = 9;
    private const byte Headers = 1;
    private const byte Continuation = 9;
    private const byte EndHeaders = 4;
    private const int LargestFrame = 16 * 1024;

    private readonly List<byte> _pending = [];
    private bool _preface = true;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => inner.ReadAsync(buffer, offset, count, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _pending.AddRange(buffer.Span);
        var ready = Take();
        if (ready.Length > 0)
        {
            await inner.WriteAsync(ready, cancellationToken);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>A header block with every value that holds the separator spread over headers of the same name.</summary>
    public static byte[] Split(ReadOnlySpan<byte> block)
    {
        var result = new List<byte>(block.Length);
        for (var at = 0; at < block.Length;)
        {
            var start = at;
            var first = block[at];
            if ((first & 0x80) != 0)
            {
                _ = Integer(block, ref at, 7);
            }
            else if ((first & 0xE0) == 0x20)
            {
                _ = Integer(block, ref at, 5);
            }
            else
            {
                if (Integer(block, ref at, (first & 0x40) != 0 ? 6 : 4) == 0)
                {
                    _ = Text(block, ref at);
                }

                var nameEnd = at;
                var value = Text(block, ref at);
                if (value.Contains((byte)Separator))
                {
                    foreach (var part in value.Split((byte)Separator))
                    {
                        result.AddRange(block[start..nameEnd]);
                        AddText(result, value[part]);
                    }

                    continue;
                }
            }

            result.AddRange(block[start..at]);
        }

        return [.. result];
    }

    private byte[] Take()
    {
        if (_preface && _pending.Count < PrefaceLength)
        {
            return [];
        }

        var bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending);
        var ready = new List<byte>(bytes.Length);
        var at = 0;
        if (_preface)
        {
            _preface = false;
            at = PrefaceLength;
            ready.AddRange(bytes[..at]);
        }

        while (FrameAt(bytes, at) is { } length)
        {
            if (bytes[at + 3] != Headers)
            {
                ready.AddRange(bytes.Slice(at, length));
                at += length;
                continue;
            }

            var next = Rewrite(bytes, at, ready);
            if (next == at)
            {
                break;
            }

            at = next;
        }

        _pending.RemoveRange(0, at);
        return [.. ready];
    }

    /// <summary>Length of the whole frame at a place; null while some of it is to come.</summary>
    private static int? FrameAt(ReadOnlySpan<byte> bytes, int at)
    {
        if (bytes.Length - at < FrameHead)
        {
            return null;
        }

        var length = FrameHead + ((bytes[at] << 16) | BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 1)..]));
        return bytes.Length - at < length ? null : length;
    }

    /// <summary>Rewrites a block of headers, however many frames it is in. .NET neither pads nor gives priorities.</summary>
    private static int Rewrite(ReadOnlySpan<byte> bytes, int at, List<byte> ready)
    {
        var block = new List<byte>();
        var flags = bytes[at + 4];
        var stream = bytes.Slice(at + 5, 4);
        for (var next = at; FrameAt(bytes, next) is { } length; next += length)
        {
            if (next != at && bytes[next + 3] != Continuation)
            {
                throw new IOException("A header block is broken off.");
            }

            block.AddRange(bytes.Slice(next + FrameHead, length - FrameHead));
            if ((bytes[next + 4] & EndHeaders) != 0)
            {
                AddFrames(ready, Split(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(block)), (byte)(flags & ~EndHeaders), stream);
                return next + length;
            }
        }

        return at;
    }

    private static void AddFrames(List<byte> ready, ReadOnlySpan<byte> block, byte flags, ReadOnlySpan<byte> stream)
    {
        var type = Headers;
        do
        {
            var part = block[..Math.Min(block.Length, LargestFrame)];
            block = block[part.Length..];
            ready.AddRange([(byte)(part.Length >> 16), (byte)(part.Length >> 8), (byte)part.Length, type, (byte)(block.IsEmpty ? flags | EndHeaders : flags)]);
            ready.AddRange(stream);
            ready.AddRange(part);
            (type, flags) = (Continuation, 0);
        }
        while (!block.IsEmpty);
    }

    private static int Integer(ReadOnlySpan<byte> block, ref int at, int bits)
    {
        var limit = (1 << bits) - 1;
        var value = block[at++] & limit;
        if (value < limit)
        {
            return value;
        }

        for (var shift = 0; ; shift += 7)
        {
            var next = block[at++];
            value = checked(value + ((next & 0x7F) << shift));
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }
    }

    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> block, scoped ref int at)
    {
        var length = Integer(block, ref at, 7);
        at += length;
        return block.Slice(at - length, length);
    }

    private static void AddText(List<byte> result, ReadOnlySpan<byte> text)
    {
        var length = text.Length;
        if (length < 127)
        {
            result.Add((byte)length);
        }
        else
        {
            result.Add(127);
            for (length -= 127; length >= 128; length >>= 7)
            {
                result.Add((byte)(length | 0x80));
            }

            result.Add((byte)length);
        }

        result.AddRange(text);
    }
}
