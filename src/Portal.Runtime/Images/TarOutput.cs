using System.Text;

namespace Portal.Runtime.Images;

/// <summary>Writes the few kinds of members an image archive has (ustar; sizes past 8 GiB in GNU's base 256).</summary>
internal sealed class TarOutput(Stream archive)
{
    private const int BlockSize = 512;
    private const long LargestOctalSize = 0x1FFFFFFFF;

    public Task DirectoryAsync(string name, CancellationToken ct) => archive.WriteAsync(Header(name, (byte)'5', 0x1ED, 0), ct).AsTask();

    public async Task FileAsync(string name, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        await archive.WriteAsync(Header(name, (byte)'0', 0x1A4, content.Length), ct).ConfigureAwait(false);
        await archive.WriteAsync(content, ct).ConfigureAwait(false);
        await PadAsync(content.Length, ct).ConfigureAwait(false);
    }

    public async Task FileAsync(string name, Stream content, CancellationToken ct)
    {
        var length = content.Length;
        await archive.WriteAsync(Header(name, (byte)'0', 0x1A4, length), ct).ConfigureAwait(false);
        await content.CopyToAsync(archive, 128 * 1024, ct).ConfigureAwait(false);
        await PadAsync(length, ct).ConfigureAwait(false);
    }

    /// <summary>Two empty blocks.</summary>
    public Task EndAsync(CancellationToken ct) => archive.WriteAsync(new byte[2 * BlockSize], ct).AsTask();

    private Task PadAsync(long length, CancellationToken ct) => archive.WriteAsync(new byte[(int)(-length & (BlockSize - 1))], ct).AsTask();

    private static byte[] Header(string name, byte type, int mode, long size)
    {
        var header = new byte[BlockSize];
        Encoding.ASCII.GetBytes(name, header.AsSpan(0, 100));
        Octal(header.AsSpan(100, 8), mode);
        Octal(header.AsSpan(108, 8), 0);
        Octal(header.AsSpan(116, 8), 0);
        Octal(header.AsSpan(136, 12), 0);
        header[156] = type;
        if (size <= LargestOctalSize)
        {
            Octal(header.AsSpan(124, 12), size);
            "ustar\000"u8.CopyTo(header.AsSpan(257));
        }
        else
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(128, 8), size);
            header[124] = 0x80;
            "ustar  \0"u8.CopyTo(header.AsSpan(257));
        }

        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var b in header)
        {
            sum += b;
        }

        Octal(header.AsSpan(148, 7), sum);
        return header;
    }

    private static void Octal(Span<byte> field, long value) => Encoding.ASCII.GetBytes(Convert.ToString(value, 8).PadLeft(field.Length - 1, '0'), field);
}
