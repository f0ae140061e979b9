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

    private static void Put(byte[] header, int at, string text) => Encoding.Latin1.GetBytes(text).CopyTo(header, at);
}
