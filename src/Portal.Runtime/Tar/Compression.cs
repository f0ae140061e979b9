using System.IO.Compression;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Tar;

/// <summary>How a tar stream is packed, told by its first bytes.</summary>
internal static class Compression
{
    /// <summary>Bytes needed to tell.</summary>
    public const int MagicLength = 6;

    /// <summary>True when <paramref name="head"/> begins gzip data; false for what may be plain tar.</summary>
    /// <exception cref="ErrorException">It is packed in a way this engine does not read.</exception>
    public static bool IsGzip(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) || (OtherName(head) is { } other
            ? throw new ErrorException(ErrorKind.Invalid, "image.compression", $"The archive is compressed with {other}, which is not supported. Use gzip, or none.")
            : false);

    /// <summary>The uncompressed form of a stream.</summary>
    public static Stream Unpack(Stream packed)
    {
        var head = new byte[MagicLength];
        var length = packed.ReadAtLeast(head, MagicLength, throwOnEndOfStream: false);
        var whole = new PrefixedStream(head.AsMemory(0, length), packed);
        return IsGzip(head.AsSpan(0, length)) ? new GZipStream(whole, CompressionMode.Decompress) : whole;
    }

    private static string? OtherName(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]) ? "zstd"
        : head.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? "xz"
        : head.StartsWith("BZh"u8) ? "bzip2"
        : null;
}
