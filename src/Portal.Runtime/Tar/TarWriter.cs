using System.Globalization;
using System.Text;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tar;

/// <summary>
/// Writes tar archives: ustar, with a PAX header before the members that need one (long names, large numbers, parts of
/// seconds, attributes). Names are bytes: what is no UTF-8 on the disk is none in the archive.
/// </summary>
internal sealed class TarWriter(Stream archive)
{
    private const int BlockSize = 512;
    private const int NameSize = 100;
    private const long LargestOctal7 = 0x1FFFFF;
    private const long LargestOctal11 = 0x1FFFFFFFF;
    private const uint FolderMode = 0x1ED;
    private const uint FileMode = 0x1A4;

    private static readonly byte[] s_zeroes = new byte[32768];

    private readonly byte[] _block = new byte[BlockSize];
    private long _remaining;
    private int _padding;

    /// <summary>Begins a member; what the one before promised and did not get is filled with zeroes.</summary>
    public void Write(TarEntry entry)
    {
        Finish();
        if (Extension(entry) is { Length: > 0 } records)
        {
            var name = TrimTo(entry.Name.AsSpan(TarName.LeafOf(entry.Name.AsSpan().TrimEnd((byte)'/'))), NameSize - 16);
            Header((byte)'x', [.. "PaxHeaders.0/"u8, .. name], [], records.Length, FileMode, 0, 0, 0, 0, 0);
            archive.Write(records);
            archive.Write(s_zeroes, 0, Padding(records.Length));
        }

        var type = entry.Kind switch
        {
            TarKind.File => (byte)'0',
            TarKind.HardLink => (byte)'1',
            TarKind.SymbolicLink => (byte)'2',
            TarKind.CharacterDevice => (byte)'3',
            TarKind.BlockDevice => (byte)'4',
            TarKind.Directory => (byte)'5',
            TarKind.Fifo => (byte)'6',
        };
        Header(
            type, entry.Name, entry.LinkName, entry.Size, entry.Mode, entry.UserId, entry.GroupId, entry.Modified.Seconds, entry.DeviceMajor, entry.DeviceMinor);
        (_remaining, _padding) = (entry.Size, Padding(entry.Size));
    }

    /// <summary>Content of the current member. What is more than its size is left out: files grow while they are read.</summary>
    /// <returns>False once the member is full.</returns>
    public bool WriteContent(ReadOnlySpan<byte> content)
    {
        var length = (int)Math.Min(content.Length, _remaining);
        archive.Write(content[..length]);
        _remaining -= length;
        return _remaining > 0;
    }

    /// <summary>A folder of root's.</summary>
    public void Folder(string name) => Write(Plain(name, TarKind.Directory, 0, FolderMode));

    /// <summary>A file of root's.</summary>
    public void File(string name, ReadOnlySpan<byte> content)
    {
        Write(Plain(name, TarKind.File, content.Length, FileMode));
        _ = WriteContent(content);
    }

    /// <summary>A file of root's.</summary>
    public void File(string name, Stream content)
    {
        Write(Plain(name, TarKind.File, content.Length, FileMode));
        var buffer = new byte[128 * 1024];
        for (int read; (read = content.Read(buffer)) > 0;)
        {
            _ = WriteContent(buffer.AsSpan(0, read));
        }
    }

    /// <summary>Ends the current member, so that all of it is written.</summary>
    public void Pad() => Finish();

    /// <summary>Two empty blocks.</summary>
    public void End()
    {
        Finish();
        archive.Write(s_zeroes, 0, 2 * BlockSize);
        archive.Flush();
    }

    private void Finish()
    {
        for (var missing = _remaining + _padding; missing > 0;)
        {
            var length = (int)Math.Min(missing, s_zeroes.Length);
            archive.Write(s_zeroes, 0, length);
            missing -= length;
        }

        (_remaining, _padding) = (0, 0);
    }

    private static TarEntry Plain(string name, TarKind kind, long size, uint mode) =>
        new(Encoding.UTF8.GetBytes(name), kind, [], size, mode, 0, 0, default, 0, 0, []);

    private static int Padding(long size) => (int)(-size & (BlockSize - 1));

    private static ReadOnlySpan<byte> TrimTo(ReadOnlySpan<byte> text, int length) => text.Length > length ? text[..length] : text;

    /// <summary>What the plain header has no room for.</summary>
    private static byte[] Extension(TarEntry entry)
    {
        var records = new List<byte>();
        if (entry.Name.Length > NameSize)
        {
            Record(records, "path"u8, entry.Name);
        }

        if (entry.LinkName.Length > NameSize)
        {
            Record(records, "linkpath"u8, entry.LinkName);
        }

        if (entry.Size > LargestOctal11)
        {
            Record(records, "size"u8, Number(entry.Size));
        }

        if (entry.UserId > LargestOctal7)
        {
            Record(records, "uid"u8, Number(entry.UserId));
        }

        if (entry.GroupId > LargestOctal7)
        {
            Record(records, "gid"u8, Number(entry.GroupId));
        }

        if (entry.Modified.Nanoseconds != 0 || entry.Modified.Seconds is < 0 or > LargestOctal11)
        {
            Record(records, "mtime"u8, Time(entry.Modified));
        }

        foreach (var (name, value) in entry.Attributes)
        {
            Record(records, [.. "SCHILY.xattr."u8, .. name], value);
        }

        return [.. records];
    }

    /// <summary>"length key=value\n", the length counting all of the record, itself too.</summary>
    private static void Record(List<byte> records, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var rest = key.Length + value.Length + 3;
        var length = rest + Digits(rest);
        length = rest + Digits(length);
        records.AddRange(Number(length));
        records.Add((byte)' ');
        records.AddRange(key);
        records.Add((byte)'=');
        records.AddRange(value);
        records.Add((byte)'\n');

        static int Digits(int number) => Number(number).Length;
    }

    private static byte[] Number(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Seconds with a fraction; before 1970 the fraction counts away from zero.</summary>
    private static byte[] Time(FileTime time)
    {
        var (seconds, nanoseconds, sign) = (time.Seconds, time.Nanoseconds, "");
        if (seconds < 0)
        {
            sign = "-";
            (seconds, nanoseconds) = nanoseconds == 0 ? (-seconds, 0) : (-seconds - 1, 1_000_000_000 - nanoseconds);
        }

        var fraction = nanoseconds == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $".{nanoseconds:d9}").TrimEnd('0');
        return Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sign}{seconds}{fraction}"));
    }

    private void Header(
        byte type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> link, long size, uint mode, uint user, uint group, long seconds, uint major, uint minor)
    {
        var header = _block.AsSpan();
        header.Clear();
        TrimTo(name, NameSize).CopyTo(header);
        Octal(header.Slice(100, 8), mode);
        Octal(header.Slice(108, 8), Math.Min(user, LargestOctal7));
        Octal(header.Slice(116, 8), Math.Min(group, LargestOctal7));
        Octal(header.Slice(124, 12), Math.Min(size, LargestOctal11));
        Octal(header.Slice(136, 12), Math.Clamp(seconds, 0, LargestOctal11));
        header.Slice(148, 8).Fill((byte)' ');
        header[156] = type;
        TrimTo(link, NameSize).CopyTo(header[157..]);
        "ustar\000"u8.CopyTo(header[257..]);
        Octal(header.Slice(329, 8), major);
        Octal(header.Slice(337, 8), minor);

        var sum = 0;
        foreach (var b in header)
        {
            sum += b;
        }

        Octal(header.Slice(148, 7), sum);
        archive.Write(header);
    }

    /// <summary>Octal digits that fill the field but for its last byte, which stays 0.</summary>
    private static void Octal(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--, value >>= 3)
        {
            field[i] = (byte)('0' + (value & 7));
        }
    }
}
