using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tar;

/// <summary>
/// Reads tar archives: V7, ustar, PAX and GNU, with long names and extended attributes. The framework's own reader decodes
/// names and attributes as text, which loses bytes, and sets no bound on the size of PAX headers; hence this one.
/// Every size is checked before memory is taken: at most 1 MiB for the headers of one member.
/// </summary>
internal sealed class TarReader(Stream archive)
{
    private const int BlockSize = 512;
    private const int MaximumExtension = 1024 * 1024;
    private const long LargestOctalSize = 0x1FFFFFFFF;

    private readonly byte[] _block = new byte[BlockSize];
    private readonly byte[] _skip = new byte[32768];
    private long _remaining;
    private int _padding;
    private SparseFile? _sparse;
    private bool _ended;

    /// <summary>The next member, or null at the end. What is unread of the one before is skipped.</summary>
    /// <exception cref="ErrorException">The archive is damaged or of an unknown kind.</exception>
    public TarEntry? Next()
    {
        var extended = new Extended();
        while (!_ended)
        {
            SkipContent();
            if (!ReadBlock())
            {
                break;
            }

            var header = _block.AsSpan();
            if (!header.ContainsAnyExcept((byte)0))
            {
                // Two empty blocks end an archive; some writers leave one. What follows is padding.
                break;
            }

            CheckSum(header);
            var type = header[156];
            var size = Number(header.Slice(124, 12), "size");
            if (size < 0)
            {
                throw ArchiveErrors.Bad("a member has a negative size");
            }

            switch (type)
            {
                case (byte)'x':
                    Begin(size);
                    ReadPax(ReadExtension(size), extended);
                    continue;
                case (byte)'g':
                    Begin(size);
                    _ = ReadExtension(size);
                    continue;
                case (byte)'L':
                    Begin(size);
                    extended.Name = TrimNul(ReadExtension(size));
                    continue;
                case (byte)'K':
                    Begin(size);
                    extended.LinkName = TrimNul(ReadExtension(size));
                    continue;
                default:
                    return Entry(header, type, size, extended);
            }
        }

        _ended = true;
        return extended.IsEmpty ? null : throw ArchiveErrors.Bad("it ends within a member's header");
    }

    /// <summary>Reads content of the current member; 0 at its end. Holes are zeroes.</summary>
    public int Read(Span<byte> buffer)
    {
        if (_sparse is not { Hole: > 0 } sparse)
        {
            return Read(buffer, out _);
        }

        var length = (int)Math.Min(buffer.Length, sparse.Hole);
        buffer[..length].Clear();
        sparse.Advance(length);
        return length;
    }

    /// <summary>Reads content of the current member without its holes; 0 at its end.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="position">Where in the file it belongs; only told for sparse files, 0 for others.</param>
    public int Read(Span<byte> buffer, out long position)
    {
        if (_sparse is not { } sparse)
        {
            position = 0;
            return ReadStored(buffer);
        }

        sparse.Advance(sparse.Hole);
        position = sparse.Position;
        var read = ReadStored(buffer[..(int)Math.Min(buffer.Length, sparse.Piece)]);
        sparse.Advance(read);
        return read;
    }

    private int ReadStored(Span<byte> buffer)
    {
        if (_remaining == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        var read = archive.Read(buffer[..(int)Math.Min(buffer.Length, _remaining)]);
        if (read == 0)
        {
            throw ArchiveErrors.Bad("it ends within a member's content");
        }

        _remaining -= read;
        return read;
    }

    private TarEntry Entry(ReadOnlySpan<byte> header, byte type, long size, Extended extended)
    {
        if (extended.Size is { } longSize)
        {
            // Readers that disagree about where a member ends see different archives.
            if (size != longSize && size is not (0 or LargestOctalSize))
            {
                throw ArchiveErrors.Bad("a member has two different sizes");
            }

            size = longSize;
        }

        var magic = header.Slice(257, 8);
        var isUstar = magic.StartsWith("ustar\0"u8);
        var name = extended.SparseName ?? extended.Name ?? Name(header, isUstar);
        var kind = type switch
        {
            0 when name is [.., (byte)'/'] => TarKind.Directory,
            0 or (byte)'0' or (byte)'7' => TarKind.File,
            (byte)'1' => TarKind.HardLink,
            (byte)'2' => TarKind.SymbolicLink,
            (byte)'3' => TarKind.CharacterDevice,
            (byte)'4' => TarKind.BlockDevice,
            (byte)'5' => TarKind.Directory,
            (byte)'6' => TarKind.Fifo,
            (byte)'S' => TarKind.File,
            _ => throw ArchiveErrors.Bad($"{ArchiveErrors.Show(name)} is of an unknown type ({type})"),
        };
        // Only files have content; the size field of the others is noise that some writers leave.
        var map = type == (byte)'S' ? ReadGnuMap(header) : null;
        Begin(kind == TarKind.File ? size : 0);
        if (kind == TarKind.File && (map is not null || extended.IsSparse))
        {
            map ??= extended.SparseMap ?? ReadStoredMap();
            _sparse = new(type == (byte)'S' ? Number(header.Slice(483, 12), "size") : extended.SparseSize, map, _remaining);
        }

        var hasDevice = kind is TarKind.CharacterDevice or TarKind.BlockDevice;
        return new TarEntry(
            name, kind, extended.LinkName ?? UntilNul(header.Slice(157, 100)), _sparse?.Size ?? _remaining, (uint)(Number(header.Slice(100, 8), "mode") & 0xFFF),
            Owner(extended.UserId ?? Number(header.Slice(108, 8), "owner")), Owner(extended.GroupId ?? Number(header.Slice(116, 8), "group")),
            extended.Modified ?? new FileTime(Number(header.Slice(136, 12), "time"), 0),
            hasDevice ? Device(Number(header.Slice(329, 8), "device")) : 0, hasDevice ? Device(Number(header.Slice(337, 8), "device")) : 0,
            extended.Attributes);
    }

    private static byte[] Name(ReadOnlySpan<byte> header, bool isUstar)
    {
        var name = UntilNul(header[..100]);
        var prefix = isUstar ? UntilNul(header.Slice(345, 155)) : [];
        return prefix.Length == 0 ? name : [.. prefix, (byte)'/', .. name];
    }

    // 4294967295 tells chown to leave the owner alone, so it can be no owner.
    private static uint Owner(long id) => id is >= 0 and < uint.MaxValue ? (uint)id : throw ArchiveErrors.Bad($"a member's owner {id} is no user or group id");

    private static uint Device(long number) => number is >= 0 and <= 0xFFFFF ? (uint)number : throw ArchiveErrors.Bad("a member has an impossible device number");

    /// <summary>GNU's own form: four pieces in the header, and blocks of 21 more after it.</summary>
    private List<long> ReadGnuMap(ReadOnlySpan<byte> header)
    {
        var map = new List<long>();
        Read(header.Slice(386, 96));
        Span<byte> block = stackalloc byte[BlockSize];
        for (var more = header[482] != 0; more; more = block[504] != 0)
        {
            if (archive.ReadAtLeast(block, BlockSize, throwOnEndOfStream: false) < BlockSize)
            {
                throw ArchiveErrors.Bad("it ends within a member's header");
            }

            Read(block[..504]);
        }

        return map;

        void Read(ReadOnlySpan<byte> pieces)
        {
            for (; pieces.Length >= 24 && pieces[0] != 0; pieces = pieces[24..])
            {
                SparseFile.Add(map, Number(pieces[..12], "offset"));
                SparseFile.Add(map, Number(pieces.Slice(12, 12), "length"));
            }
        }
    }

    /// <summary>The form 1.0: lines before the content, in whole blocks, the first of which says how many pieces follow.</summary>
    private List<long> ReadStoredMap()
    {
        var text = new List<byte>(BlockSize);
        Span<byte> block = stackalloc byte[BlockSize];
        var wanted = 1L;
        for (var lines = 0L; lines < wanted;)
        {
            if (text.Count >= MaximumExtension)
            {
                throw ArchiveErrors.TooBig($"the map of a sparse file is larger than {MaximumExtension} bytes");
            }

            for (var filled = 0; filled < BlockSize;)
            {
                filled += ReadStored(block[filled..]) is > 0 and var read ? read : throw SparseFile.Bad();
            }

            text.AddRange(block);
            lines += block.Count((byte)'\n');
            if (wanted == 1 && lines > 0)
            {
                wanted = Utf8Parser.TryParse(block, out int pieces, out var digits) && pieces >= 0 && block[digits] == (byte)'\n' ? 1 + (2L * pieces) : throw SparseFile.Bad();
            }
        }

        var numbers = SparseFile.Parse(TrimNul([.. text]), (byte)'\n');
        return numbers.Count == wanted ? numbers[1..] : throw SparseFile.Bad();
    }

    private void Begin(long size) => (_remaining, _padding, _sparse) = (size, (int)(-size & (BlockSize - 1)), null);

    private void SkipContent()
    {
        var skip = checked(_remaining + _padding);
        (_remaining, _padding) = (0, 0);
        while (skip > 0)
        {
            var read = archive.Read(_skip, 0, (int)Math.Min(skip, _skip.Length));
            skip = read > 0 ? skip - read : throw ArchiveErrors.Bad("it ends within a member's content");
        }
    }

    private bool ReadBlock()
    {
        var read = archive.ReadAtLeast(_block, BlockSize, throwOnEndOfStream: false);
        return read switch
        {
            BlockSize => true,
            0 => false,
            _ => throw ArchiveErrors.Bad("it ends within a header"),
        };
    }

    private byte[] ReadExtension(long size)
    {
        if (size > MaximumExtension)
        {
            throw ArchiveErrors.TooBig($"a member's header is larger than {MaximumExtension} bytes");
        }

        var content = new byte[size];
        for (var read = 0; read < content.Length;)
        {
            read += Read(content.AsSpan(read));
        }

        return content;
    }

    /// <summary>Records of the form "length key=value\n", the length counting all of the record.</summary>
    private static void ReadPax(ReadOnlySpan<byte> records, Extended into)
    {
        while (!records.IsEmpty)
        {
            if (!Utf8Parser.TryParse(records, out int length, out var digits) || length <= digits + 1 || length > records.Length
                || records[digits] != (byte)' ' || records[length - 1] != (byte)'\n')
            {
                throw ArchiveErrors.Bad("a PAX header is malformed");
            }

            var record = records[(digits + 1)..(length - 1)];
            records = records[length..];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                throw ArchiveErrors.Bad("a PAX header is malformed");
            }

            into.Set(record[..equals], record[(equals + 1)..]);
        }
    }

    private static void CheckSum(ReadOnlySpan<byte> header)
    {
        var expected = Number(header.Slice(148, 8), "check sum");
        int unsigned = 0, signed = 0;
        for (var i = 0; i < BlockSize; i++)
        {
            var b = i is >= 148 and < 156 ? (byte)' ' : header[i];
            unsigned += b;
            signed += (sbyte)b;
        }

        if (expected != unsigned && expected != signed)
        {
            throw ArchiveErrors.Bad("a header's check sum is wrong; this is no tar archive or it is damaged");
        }
    }

    /// <summary>Octal text, or base 256 when the highest bit is set (GNU).</summary>
    private static long Number(ReadOnlySpan<byte> field, string what)
    {
        if ((field[0] & 0x80) != 0)
        {
            var negative = (field[0] & 0x40) != 0;
            Span<byte> wide = stackalloc byte[16];
            wide.Fill(negative ? (byte)0xFF : (byte)0);
            field.CopyTo(wide[(16 - field.Length)..]);
            wide[16 - field.Length] = negative ? field[0] : (byte)(field[0] & 0x7F);
            var value = BinaryPrimitives.ReadInt128BigEndian(wide);
            return value >= long.MinValue && value <= long.MaxValue ? (long)value : throw ArchiveErrors.Bad($"a member's {what} is out of range");
        }

        field = field.Trim(" \0"u8);
        long number = 0;
        foreach (var digit in field)
        {
            number = digit is >= (byte)'0' and <= (byte)'7' ? (number << 3) | (uint)(digit - '0') : throw ArchiveErrors.Bad($"a member's {what} is no number");
        }

        return number;
    }

    private static byte[] UntilNul(ReadOnlySpan<byte> field) => (field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field).ToArray();

    private static byte[] TrimNul(byte[] text) => UntilNul(text);

    /// <summary>What the special members before a member say about it.</summary>
    private sealed class Extended
    {
        private readonly List<(byte[], byte[])> _attributes = [];

        public byte[]? Name { get; set; }

        public byte[]? LinkName { get; set; }

        public long? Size { get; private set; }

        public long? UserId { get; private set; }

        public long? GroupId { get; private set; }

        public FileTime? Modified { get; private set; }

        public IReadOnlyList<(byte[] Name, byte[] Value)> Attributes => _attributes;

        public byte[]? SparseName { get; private set; }

        public long SparseSize { get; private set; }

        public bool IsSparse { get; private set; }

        /// <summary>Offsets and lengths in turn; null when they stand before the content.</summary>
        public List<long>? SparseMap { get; private set; }

        public bool IsEmpty => Name is null && LinkName is null && Size is null;

        public void Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (key.StartsWith("SCHILY.xattr."u8))
            {
                _attributes.Add((key["SCHILY.xattr.".Length..].ToArray(), value.ToArray()));
                return;
            }

            if (key.StartsWith("GNU.sparse."u8))
            {
                SetSparse(Encoding.UTF8.GetString(key["GNU.sparse.".Length..]), value);
                return;
            }

            // An empty value takes back what a global header said; those are not kept.
            if (value.IsEmpty)
            {
                return;
            }

            switch (Encoding.UTF8.GetString(key))
            {
                case "path": Name = value.ToArray(); break;
                case "linkpath": LinkName = value.ToArray(); break;
                case "size": Size = Whole(value); break;
                case "uid": UserId = Whole(value); break;
                case "gid": GroupId = Whole(value); break;
                case "mtime": Modified = Time(value); break;
                default: break;
            }
        }

        private void SetSparse(string key, ReadOnlySpan<byte> value)
        {
            IsSparse = true;
            switch (key)
            {
                case "name": SparseName = value.ToArray(); break;
                case "size" or "realsize": SparseSize = Whole(value); break;
                case "map": SparseMap = SparseFile.Parse(value, (byte)','); break;
                case "offset" or "numbytes": SparseFile.Add(SparseMap ??= [], Whole(value)); break;
                default: break;
            }
        }

        private static long Whole(ReadOnlySpan<byte> text) =>
            Utf8Parser.TryParse(text, out long number, out var used) && used == text.Length && number >= 0
                ? number : throw ArchiveErrors.Bad("a PAX header holds a bad number");

        private static FileTime Time(ReadOnlySpan<byte> text)
        {
            var point = text.IndexOf((byte)'.');
            var whole = point < 0 ? text : text[..point];
            if (!Utf8Parser.TryParse(whole, out long seconds, out var used) || used != whole.Length)
            {
                throw ArchiveErrors.Bad("a PAX header holds a bad time");
            }

            long nanoseconds = 0;
            var fraction = point < 0 ? [] : text[(point + 1)..];
            for (var i = 0; i < 9; i++)
            {
                var digit = i < fraction.Length ? fraction[i] - '0' : 0;
                nanoseconds = (nanoseconds * 10) + (digit is >= 0 and <= 9 ? digit : throw ArchiveErrors.Bad("a PAX header holds a bad time"));
            }

            // -1.5 is half a second before -1.
            return whole[0] == (byte)'-' && nanoseconds > 0 ? new(seconds - 1, 1_000_000_000 - nanoseconds) : new(seconds, nanoseconds);
        }
    }
}
