using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Portal.Runtime.Tar;

/// <summary>The check over the content of an .xz block: none, CRC32, CRC64 or SHA-256.</summary>
internal sealed class XzCheck(byte kind) : IDisposable
{
    private const byte None = 0;
    private const byte Crc32Kind = 1;
    private const byte Crc64Kind = 4;
    private const byte Sha256Kind = 10;

    private static readonly ulong[] s_crc32 = Table(0xEDB88320);
    private static readonly ulong[] s_crc64 = Table(0xC96C5795D7870F42);

    private readonly IncrementalHash? _hash = kind == Sha256Kind ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private ulong _crc = kind == Crc32Kind ? uint.MaxValue : ulong.MaxValue;

    /// <summary>Bytes of a check of this kind; negative when there is no such kind.</summary>
    public static int SizeOf(byte kind) => kind switch
    {
        None => 0,
        Crc32Kind => 4,
        Crc64Kind => 8,
        Sha256Kind => 32,
        _ => -1,
    };

    public static ulong Crc32(ReadOnlySpan<byte> bytes) => Update(s_crc32, uint.MaxValue, bytes) ^ uint.MaxValue;

    public void Add(ReadOnlySpan<byte> content)
    {
        switch (kind)
        {
            case Crc32Kind:
                _crc = Update(s_crc32, _crc, content);
                break;
            case Crc64Kind:
                _crc = Update(s_crc64, _crc, content);
                break;
            default:
                _hash?.AppendData(content);
                break;
        }
    }

    public bool Matches(ReadOnlySpan<byte> expected) => kind switch
    {
        Crc32Kind => BinaryPrimitives.ReadUInt32LittleEndian(expected) == (uint)~_crc,
        Crc64Kind => BinaryPrimitives.ReadUInt64LittleEndian(expected) == ~_crc,
        Sha256Kind => expected.SequenceEqual(_hash!.GetHashAndReset()),
        _ => true,
    };

    public void Dispose() => _hash?.Dispose();

    private static ulong Update(ulong[] table, ulong crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            crc = table[(byte)crc ^ b] ^ (crc >> 8);
        }

        return crc;
    }

    private static ulong[] Table(ulong polynomial)
    {
        var table = new ulong[256];
        for (var i = 0; i < table.Length; i++)
        {
            var value = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ polynomial : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
