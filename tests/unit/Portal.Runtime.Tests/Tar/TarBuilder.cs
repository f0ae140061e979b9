using System.Text;

namespace Portal.Runtime.Tests.Tar;

/// <summary>Writes tar archives member by member, honest or not.</summary>
internal sealed class TarBuilder
{
    private readonly List<byte> _archive = [];

    public TarBuilder File(string name, string content = "", int mode = 0x1A4) => Member(name, '0', content, mode: mode);

    public TarBuilder Folder(string name, int mode = 0x1ED) => Member(name, '5', mode: mode);

    public TarBuilder Symlink(string name, string target) => Member(name, '2', link: target);

    public TarBuilder HardLink(string name, string target) => Member(name, '1', link: target);

    public TarBuilder Pax(params (string Key, string Value)[] records)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in records)
        {
            var body = Encoding.UTF8.GetByteCount($" {key}={value}\n");
            var length = body + 1;
            while (length != body + length.ToString().Length)
            {
                length = body + length.ToString().Length;
            }

            text.Append(length).Append(' ').Append(key).Append('=').Append(value).Append('\n');
        }

        return Member("pax", 'x', text.ToString());
    }

    public TarBuilder Member(string name, char type, string content = "", string link = "", int mode = 0x1A4, string? size = null, int checksumOff = 0) =>
        Member(Encoding.UTF8.GetBytes(name), type, Encoding.UTF8.GetBytes(content), link, mode, size, checksumOff);

    public TarBuilder Member(byte[] name, char type, byte[] content, string link = "", int mode = 0x1A4, string? size = null, int checksumOff = 0)
    {
        var header = new byte[512];
        name.CopyTo(header, 0);
        Put(header, 100, Convert.ToString(mode, 8).PadLeft(7, '0'));
        Put(header, 108, "0000000");
        Put(header, 116, "0000000");
        Put(header, 124, size ?? Convert.ToString(content.Length, 8).PadLeft(11, '0'));
        Put(header, 136, "00000000144");
        header[156] = (byte)type;
        Put(header, 157, link);
        Put(header, 257, "ustar\0" + "00");
        header.AsSpan(148, 8).Fill((byte)' ');
        Put(header, 148, Convert.ToString(header.Sum(b => b) + checksumOff, 8).PadLeft(6, '0') + "\0");
        _archive.AddRange(header);
        _archive.AddRange(content);
        _archive.AddRange(new byte[-content.Length & 511]);
        return this;
    }

    public MemoryStream Build()
    {
        _archive.AddRange(new byte[1024]);
        return Cut(_archive.Count);
    }

    public MemoryStream Cut(int length) => new([.. _archive[..length]]);

    /// <summary>Makes the check sums of all headers right, wherever a reader that believes their sizes finds them.</summary>
    public static void MendCheckSums(Span<byte> archive)
    {
        while (archive.Length >= 512)
        {
            var header = archive[..512];
            archive = archive[512..];
            if (!header.ContainsAnyExcept((byte)0))
            {
                continue;
            }

            header.Slice(148, 8).Fill((byte)' ');
            var sum = 0;
            foreach (var b in header)
            {
                sum += b;
            }

            Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0").CopyTo(header[148..]);
            var size = 0;
            foreach (var digit in header.Slice(124, 11))
            {
                size = digit is >= (byte)'0' and <= (byte)'7' && size < 1 << 27 ? (size << 3) + (digit - '0') : size;
            }

            // Only files and the headers of members have content.
            if (header[156] is 0 or (byte)'0' or (byte)'7' or (byte)'S' or (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K')
            {
                archive = archive[Math.Min(archive.Length, (size + 511) & ~511)..];
            }
        }
    }

    private static void Put(byte[] header, int at, string text) => Encoding.Latin1.GetBytes(text).CopyTo(header, at);
}
