using System.Buffers.Binary;
using Portal.Domain.Primitives;
using SharpCompress.Compressors.LZMA;

namespace Portal.Runtime.Tar;

/// <summary>
/// Reads .xz (The .xz File Format 1.2.1): streams one after the other, blocks of LZMA2. The library's own reader takes whatever
/// memory a block asks for, up to 4 GiB, and checks less; hence this container around its LZMA2 decoder.
/// </summary>
internal sealed class XzStream(PackedInput input) : ForwardStream
{
    private const int HeaderSize = 12;
    private const byte Lzma2 = 0x21;

    // 64 MiB, what xz -9 uses; more is only reached with options of one's own.
    private const int LargestDictionary = 28;

    private readonly byte[] _check = new byte[64];
    private LzmaStream? _block;
    private XzCheck? _sum;
    private byte _checkKind;
    private long _blockStart;
    private long _blocks;
    private bool _inStream;

    public override int Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (_block is null && !Next())
            {
                return 0;
            }

            var read = _block!.Read(buffer);
            if (read > 0)
            {
                _sum!.Add(buffer[..read]);
                return read;
            }

            EndBlock();
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _block?.Dispose();
            _sum?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Goes to the next block; false at the end of everything.</summary>
    private bool Next()
    {
        while (true)
        {
            if (!_inStream && !BeginStream())
            {
                return false;
            }

            _blockStart = input.Position;
            var size = Byte();
            if (size == 0)
            {
                EndStream();
                continue;
            }

            BeginBlock(size);
            return true;
        }
    }

    private bool BeginStream()
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        int first;
        // Between streams there may be zeroes, four at a time.
        while ((first = input.ReadByte()) == 0)
        {
        }

        if (first < 0)
        {
            return false;
        }

        header[0] = (byte)first;
        Exactly(header[1..]);
        if (!header.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, 0]) || Crc(header.Slice(6, 2)) != BinaryPrimitives.ReadUInt32LittleEndian(header[8..]))
        {
            throw new InvalidDataException("An xz stream has a bad header.");
        }

        _checkKind = header[7];
        if (XzCheck.SizeOf(_checkKind) < 0)
        {
            throw new InvalidDataException($"An xz stream has checks of an unknown kind ({_checkKind}).");
        }

        (_inStream, _blocks) = (true, 0);
        return true;
    }

    private void BeginBlock(byte size)
    {
        var header = new byte[(size + 1) * 4];
        header[0] = size;
        Exactly(header.AsSpan(1));
        if (Crc(header.AsSpan(0, header.Length - 4)) != BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(header.Length - 4)))
        {
            throw new InvalidDataException("An xz block has a bad header.");
        }

        var flags = header[1];
        var rest = new ReadOnlySpan<byte>(header, 2, header.Length - 6);
        // Bits 6 and 7: sizes follow. They are told again in the index, and are not needed to read.
        for (var sizes = (flags >> 6) & 3; sizes > 0; sizes >>= 1)
        {
            if ((sizes & 1) != 0)
            {
                _ = Number(ref rest);
            }
        }

        if ((flags & 3) != 0 || Number(ref rest) != Lzma2 || Number(ref rest) != 1)
        {
            throw new ErrorException(ErrorKind.Invalid, "image.compression", "The archive is compressed by xz with a filter other than LZMA2, which is not supported. Use xz without filter options, or gzip.");
        }

        var dictionary = rest[0];
        if (dictionary > LargestDictionary)
        {
            throw new ErrorException(ErrorKind.Invalid, "image.compression", "The archive needs more than 64 MiB of memory to be unpacked (xz dictionary). Use a smaller dictionary, or gzip.");
        }

        _block = LzmaStream.Create([dictionary], input, leaveOpen: true);
        _sum = new(_checkKind);
    }

    private void EndBlock()
    {
        _block!.Dispose();
        _block = null;
        while ((input.Position - _blockStart) % 4 != 0)
        {
            Zero();
        }

        var expected = _check.AsSpan(0, XzCheck.SizeOf(_checkKind));
        Exactly(expected);
        if (!_sum!.Matches(expected))
        {
            throw new InvalidDataException("The content of an xz block does not match its check.");
        }

        _sum.Dispose();
        _sum = null;
        _blocks++;
    }

    /// <summary>Index and footer.</summary>
    private void EndStream()
    {
        if (Number() != (ulong)_blocks)
        {
            throw new InvalidDataException("An xz index tells another number of blocks.");
        }

        for (long i = 0; i < _blocks; i++)
        {
            _ = Number();
            _ = Number();
        }

        while ((input.Position - _blockStart) % 4 != 0)
        {
            Zero();
        }

        Span<byte> end = stackalloc byte[4 + HeaderSize];
        Exactly(end);
        var footer = end[4..];
        if (!footer.EndsWith("YZ"u8) || footer[9] != _checkKind || Crc(footer.Slice(4, 6)) != BinaryPrimitives.ReadUInt32LittleEndian(footer))
        {
            throw new InvalidDataException("An xz stream has a bad footer.");
        }

        _inStream = false;
    }

    private ulong Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var b = Byte();
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("An xz number is too long.");
    }

    private static ulong Number(ref ReadOnlySpan<byte> from)
    {
        ulong value = 0;
        for (var i = 0; i < 9 && i < from.Length; i++)
        {
            value |= (ulong)(from[i] & 0x7F) << (7 * i);
            if (from[i] < 0x80)
            {
                from = from[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("An xz block has a bad header.");
    }

    private byte Byte() => input.ReadByte() is >= 0 and var b ? (byte)b : throw new InvalidDataException("An xz stream ends too early.");

    private void Zero()
    {
        if (Byte() != 0)
        {
            throw new InvalidDataException("An xz stream has padding that is not empty.");
        }
    }

    private void Exactly(Span<byte> buffer)
    {
        if (input.Read(buffer) < buffer.Length)
        {
            throw new InvalidDataException("An xz stream ends too early.");
        }
    }

    private static uint Crc(ReadOnlySpan<byte> bytes) => (uint)XzCheck.Crc32(bytes);
}
