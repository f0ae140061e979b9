using System.Text;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Tests.Tar;

public sealed class TarWriterTests
{
    private static readonly TarEntry s_plain = new("f"u8.ToArray(), TarKind.File, [], 0, 0x1A4, 0, 0, new(100, 0), 0, 0, []);

    public static TheoryData<string, object> Members => new()
    {
        { "plain", s_plain },
        { "long name", s_plain with { Name = Encoding.UTF8.GetBytes(new string('n', 4000)) } },
        { "name of bytes", s_plain with { Name = [0xFF, (byte)'\n', 0xE4] } },
        { "long link", s_plain with { Kind = TarKind.SymbolicLink, LinkName = Encoding.UTF8.GetBytes(new string('t', 300)) } },
        { "large owners", s_plain with { UserId = 4_000_000_000, GroupId = 3_000_000 } },
        { "nanoseconds", s_plain with { Modified = new(1, 1) } },
        { "before 1970", s_plain with { Modified = new(-2, 750_000_000) } },
        { "long before", s_plain with { Modified = new(-86400, 0) } },
        { "far future", s_plain with { Modified = new(1L << 40, 5) } },
        { "setuid", s_plain with { Mode = 0xFFF } },
        { "device", s_plain with { Kind = TarKind.BlockDevice, DeviceMajor = 259, DeviceMinor = 65537 } },
        { "fifo", s_plain with { Kind = TarKind.Fifo } },
        { "hard link", s_plain with { Kind = TarKind.HardLink, LinkName = "g"u8.ToArray() } },
        { "folder", s_plain with { Kind = TarKind.Directory, Name = "d/"u8.ToArray() } },
        { "attribute", s_plain with { Attributes = [("user.a=b"u8[..6].ToArray(), [0, 10, 255])] } },
    };

    [Theory]
    [MemberData(nameof(Members), DisableDiscoveryEnumeration = true)]
    public void Write_AnyMember_IsReadAsItWas(string what, object member)
    {
        var entry = (TarEntry)member;
        var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        writer.Write(entry);
        writer.Write(s_plain);
        writer.End();
        archive.Position = 0;

        var reader = new TarReader(archive);
        var read = reader.Next()!;

        Assert.True(entry.Name.AsSpan().SequenceEqual(read.Name), what);
        Assert.True(entry.LinkName.AsSpan().SequenceEqual(read.LinkName), what);
        Assert.Equal(entry with { Name = [], LinkName = [], Attributes = [] }, read with { Name = [], LinkName = [], Attributes = [] });
        Assert.Equal(entry.Attributes.Select(a => (Convert.ToHexString(a.Name), Convert.ToHexString(a.Value))), read.Attributes.Select(a => (Convert.ToHexString(a.Name), Convert.ToHexString(a.Value))));
        Assert.Equal("f"u8, reader.Next()!.Name);
        Assert.Null(reader.Next());
    }

    [Fact]
    public void Write_AsAnotherReaderSeesIt_IsPax()
    {
        var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        var name = "d/" + new string('n', 200);
        writer.Write(s_plain with { Name = Encoding.UTF8.GetBytes(name), Size = 3, Modified = new(100, 500_000_000) });
        _ = writer.WriteContent("abc"u8);
        writer.End();
        archive.Position = 0;

        using var reader = new System.Formats.Tar.TarReader(archive);
        var entry = Assert.IsType<System.Formats.Tar.PaxTarEntry>(reader.GetNextEntry());

        Assert.Equal(name, entry.Name);
        Assert.Equal(100_500, entry.ModificationTime.ToUnixTimeMilliseconds());
        Assert.Equal("abc", new StreamReader(entry.DataStream!).ReadToEnd());
        Assert.Null(reader.GetNextEntry());
    }

    [Fact]
    public void WriteContent_OfAFileThatGrewOrShrank_KeepsTheArchiveWhole()
    {
        var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        writer.Write(s_plain with { Size = 4 });
        Assert.False(writer.WriteContent("grown far"u8));
        writer.Write(s_plain with { Size = 600 });
        Assert.True(writer.WriteContent("shrunk"u8));
        writer.File("end", "x"u8);
        writer.End();
        archive.Position = 0;

        var reader = new TarReader(archive);
        Assert.Equal(4, reader.Next()!.Size);
        Assert.Equal(600, reader.Next()!.Size);
        Assert.Equal("end"u8, reader.Next()!.Name);
        Assert.Equal(0, archive.Length % 512);
    }
}
