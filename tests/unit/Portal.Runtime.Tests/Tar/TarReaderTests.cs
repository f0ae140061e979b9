using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Tar;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Tar;

public sealed class TarReaderTests
{
    [Fact]
    public void Next_MembersOneAfterTheOther_SkipsUnreadContent()
    {
        var reader = new TarReader(new TarBuilder().File("a", "12345").Folder("d/").File("b", "67").Build());

        Assert.Equal("a"u8, reader.Next()!.Name);
        Assert.Equal(TarKind.Directory, reader.Next()!.Kind);
        Assert.Equal("b"u8, reader.Next()!.Name);
        Assert.Equal("67", Content(reader));
        Assert.Null(reader.Next());
        Assert.Null(reader.Next());
    }

    [Fact]
    public void Next_PaxHeader_OverridesAndCarriesAttributesAsBytes()
    {
        var name = string.Join('/', Enumerable.Repeat("long", 60));
        var tar = new TarBuilder().Pax(("path", name), ("uid", "3000000"), ("mtime", "-1.25"), ("SCHILY.xattr.user.k", "a=b\nc")).File("short", "x");

        var entry = new TarReader(tar.Build()).Next()!;

        Assert.Equal(name, Encoding.UTF8.GetString(entry.Name));
        Assert.Equal(3000000u, entry.UserId);
        Assert.Equal(new FileTime(-2, 750_000_000), entry.Modified);
        var (key, value) = Assert.Single(entry.Attributes);
        Assert.Equal("user.k"u8, key);
        Assert.Equal("a=b\nc"u8, value);
    }

    [Fact]
    public void Next_GnuLongNames_AreWhole()
    {
        var (name, target) = (new string('n', 300), new string('t', 300));
        var tar = new TarBuilder().Member("././@LongLink", 'L', name + '\0').Member("././@LongLink", 'K', target + '\0').Symlink("x", "y");

        var entry = new TarReader(tar.Build()).Next()!;

        Assert.Equal(name, Encoding.UTF8.GetString(entry.Name));
        Assert.Equal(target, Encoding.UTF8.GetString(entry.LinkName));
    }

    [Fact]
    public void Next_NameThatIsNoUtf8_KeepsItsBytes() =>
        Assert.Equal([0xFF, 0xE4, (byte)'x'], new TarReader(new TarBuilder().Member([0xFF, 0xE4, (byte)'x'], '0', []).Build()).Next()!.Name);

    [Fact]
    public void Next_GlobalHeader_ChangesNothing()
    {
        var reader = new TarReader(new TarBuilder().Member("g", 'g', "16 path=hijacked\n").File("real").Build());

        Assert.Equal("real"u8, reader.Next()!.Name);
    }

    [Theory]
    [InlineData("gnu-sparse")]
    [InlineData("posix-sparse-0.0")]
    [InlineData("posix-sparse-0.1")]
    [InlineData("posix-sparse-1.0")]
    public void Read_SparseMemberOfGnuTar_IsTheWholeFile(string archive)
    {
        var reader = new TarReader(new MemoryStream(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fuzz/corpus/layer", archive + ".tar"))));
        var entry = reader.Next()!;

        Assert.Equal(("sparse", 20480L), (Encoding.UTF8.GetString(entry.Name), entry.Size));
        Assert.Equal(new string('\0', 8192) + "data" + new string('\0', 19000 - 8196) + "end" + new string('\0', 20480 - 19003), Content(reader));
    }

    [Fact]
    public void Read_SparseMemberOfManyPieces_IsTheWholeFile()
    {
        // More than the header of GNU's form and the block after it hold.
        var reader = new TarReader(Compression.Unpack(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Fuzz/corpus/compression/gnu-sparse-many.tar.gz"))));
        var entry = reader.Next()!;
        var content = Content(reader);

        Assert.Equal(entry.Size, content.Length);
        Assert.Equal(40, content.Split('x').Length - 1);
        Assert.Equal(Enumerable.Range(0, 40), Enumerable.Range(0, content.Length).Where(i => content[i] == 'x').Select(i => i / 8192));
        Assert.Equal("after", Encoding.UTF8.GetString(reader.Next()!.Name));
    }

    public static TheoryData<string, Func<MemoryStream>> Damaged => new()
    {
        { "check sum", () => new TarBuilder().Member("a", '0', checksumOff: 1).Build() },
        { "negative size", () => new TarBuilder().Member("a", '0', size: "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff").Build() },
        { "size of 2^63", () => new TarBuilder().Member("a", '0', size: "\u0080\0\0\0\u0080\0\0\0\0\0\0\0").Build() },
        { "size of no digits", () => new TarBuilder().Member("a", '0', size: "12x").Build() },
        { "content cut", () => new TarBuilder().File("a", new string('x', 600)).Cut(900) },
        { "header cut", () => new TarBuilder().File("a").Cut(300) },
        { "pax size that differs", () => new TarBuilder().Pax(("size", "5")).File("a", "123").Build() },
        { "pax record too long", () => new TarBuilder().Member("p", 'x', "99 path=a\n").File("a").Build() },
        { "pax record without end", () => new TarBuilder().Member("p", 'x', "9 path=ab").File("a").Build() },
        { "pax number", () => new TarBuilder().Pax(("uid", "-1")).File("a").Build() },
        { "owner that chown would skip", () => new TarBuilder().Pax(("uid", "4294967295")).File("a").Build() },
        { "sparse", () => new TarBuilder().Pax(("GNU.sparse.major", "1")).File("a").Build() },
        { "sparse map of one number", () => new TarBuilder().Pax(("GNU.sparse.map", "0")).File("a").Build() },
        { "sparse map that overlaps", () => new TarBuilder().Pax(("GNU.sparse.size", "9"), ("GNU.sparse.map", "0,2,1,2")).File("a", "1234").Build() },
        { "sparse map beyond the end", () => new TarBuilder().Pax(("GNU.sparse.size", "9"), ("GNU.sparse.map", "8,2")).File("a", "12").Build() },
        { "sparse map of less than is stored", () => new TarBuilder().Pax(("GNU.sparse.size", "9"), ("GNU.sparse.map", "0,1")).File("a", "12").Build() },
        { "sparse map of more than is stored", () => new TarBuilder().Pax(("GNU.sparse.size", "9"), ("GNU.sparse.map", "0,3")).File("a", "12").Build() },
        { "sparse offset of 2^63", () => new TarBuilder().Pax(("GNU.sparse.size", "9223372036854775807"), ("GNU.sparse.map", "9223372036854775807,1")).File("a", "1").Build() },
        { "stored sparse map of nothing", () => new TarBuilder().Pax(("GNU.sparse.major", "1")).File("a", "\0\n" + new string('\0', 510)).Build() },
        { "stored sparse map without end", () => new TarBuilder().Pax(("GNU.sparse.major", "1")).File("a", "3\n0\n").Build() },
        { "unknown type", () => new TarBuilder().Member("a", 'Z').Build() },
        { "header without member", () => new TarBuilder().Pax(("path", "x")).Build() },
        { "huge header", () => new TarBuilder().Member("p", 'x', size: "77777777777").Build() },
        { "no tar", () => new MemoryStream(Encoding.ASCII.GetBytes(new string('z', 2048))) },
    };

    [Theory]
    [MemberData(nameof(Damaged), DisableDiscoveryEnumeration = true)]
    public void Read_DamagedArchive_IsAnError(string what, Func<MemoryStream> archive)
    {
        var reader = new TarReader(archive());

        var error = Assert.Throws<ErrorException>(() =>
        {
            while (reader.Next() is not null)
            {
                _ = Content(reader);
            }
        });
        Assert.True(error.Error.Kind == ErrorKind.Invalid, what);
    }

    private static string Content(TarReader reader)
    {
        var content = new MemoryStream();
        var buffer = new byte[100];
        for (int read; (read = reader.Read(buffer)) > 0;)
        {
            content.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(content.ToArray());
    }
}
