using System.IO.Compression;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.ZStandard;
using CompressionMode = System.IO.Compression.CompressionMode;

namespace Portal.Runtime.Tar;

/// <summary>How a tar stream is packed.</summary>
internal enum Packing
{
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

/// <summary>
/// Unpacks tar streams, told by their first bytes. In this process: what a container ships under the name of a packer is never
/// run. Memory is bounded whatever the stream says: a window of at most 128 MiB (zstd) or 64 MiB (xz).
/// </summary>
internal static class Compression
{
    /// <summary>Bytes needed to tell.</summary>
    public const int MagicLength = 6;

    /// <summary>How a stream that begins so is packed; none for what may be plain tar.</summary>
    public static Packing KindOf(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? Packing.Gzip
        : head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]) ? Packing.Zstd
        : head.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? Packing.Xz
        : head.StartsWith("BZh"u8) ? Packing.Bzip2
        : Packing.None;

    /// <summary>How a stream is packed, and a stream of the same bytes.</summary>
    public static (Packing Kind, Stream Whole) Look(Stream packed)
    {
        var head = new byte[MagicLength];
        var length = packed.ReadAtLeast(head, MagicLength, throwOnEndOfStream: false);
        return (KindOf(head.AsSpan(0, length)), new PrefixedStream(head.AsMemory(0, length), packed));
    }

    /// <summary>The uncompressed form of a stream. Damage shows as <see cref="InvalidDataException"/> when it is read.</summary>
    public static Stream Unpack(Stream packed)
    {
        var (kind, whole) = Look(packed);
        return Unpack(kind, whole);
    }

    /// <inheritdoc cref="Unpack(Stream)"/>
    public static Stream Unpack(Packing kind, Stream whole) => kind switch
    {
        Packing.None => whole,
        Packing.Gzip => new GZipStream(whole, CompressionMode.Decompress),
        Packing.Bzip2 => Guard(whole, input => BZip2Stream.Create(input, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: true)),
        Packing.Xz => Guard(whole, input => new XzStream(input)),
        Packing.Zstd => Guard(whole, input => new DecompressionStream(input)),
    };

    private static GuardedStream Guard(Stream whole, Func<PackedInput, Stream> open)
    {
        var input = new PackedInput(whole);
        return new(input, () => open(input));
    }

    /// <summary>Tells damage of the data, whatever a decoder calls it, from failures of where it comes from.</summary>
    private sealed class GuardedStream(PackedInput input, Func<Stream> open) : ForwardStream
    {
        private Stream? _decoder;

        public override int Read(Span<byte> buffer)
        {
            try
            {
                return (_decoder ??= open()).Read(buffer);
            }
            catch (Exception e) when (!input.Failed && e is not (InvalidDataException or OutOfMemoryException or Domain.Primitives.ErrorException))
            {
                throw new InvalidDataException(e.Message, e);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _decoder?.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
