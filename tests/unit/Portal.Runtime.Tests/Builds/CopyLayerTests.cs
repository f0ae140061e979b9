using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Tests.Builds;

/// <summary>Layers of COPY and ADD, over folders of this test's own.</summary>
public sealed class CopyLayerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("copy").FullName;
    private readonly string _context;
    private readonly string _below;

    public CopyLayerTests()
    {
        (_context, _below) = (Path.Combine(_root, "context"), Path.Combine(_root, "below"));
        Directory.CreateDirectory(_context);
        Directory.CreateDirectory(_below);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void File_ToAFolderBehindLinks_IsWrittenWhereTheyLead()
    {
        File.WriteAllText(Path.Combine(_context, "f"), "x");
        Directory.CreateDirectory(Path.Combine(_below, "real/deep"));
        File.CreateSymbolicLink(Path.Combine(_below, "abs"), "/real");
        File.CreateSymbolicLink(Path.Combine(_below, "up"), "../../../../abs/deep");

        Assert.Equal(["real/", "real/deep/", "real/deep/f=x"], Copy("COPY f /up/"));
    }

    [Fact]
    public void File_ToALinkThatLeadsOut_StaysInside()
    {
        File.WriteAllText(Path.Combine(_context, "f"), "x");
        File.CreateSymbolicLink(Path.Combine(_below, "out"), Path.Combine(_root, "host"));

        Assert.EndsWith("host=x", Copy("COPY f /out").Last(), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_root, "host")));
    }

    [Fact]
    public void Links_InCircles_AreRefused()
    {
        File.WriteAllText(Path.Combine(_context, "f"), "x");
        File.CreateSymbolicLink(Path.Combine(_below, "a"), "b");
        File.CreateSymbolicLink(Path.Combine(_below, "b"), "a");

        Assert.Contains("too many levels of symbolic links", Assert.Throws<ErrorException>(() => Copy("COPY f /a/x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_OverAFileOrLink_IsRefused()
    {
        Directory.CreateDirectory(Path.Combine(_context, "d/sub"));
        File.WriteAllText(Path.Combine(_below, "file"), "");
        Directory.CreateDirectory(Path.Combine(_below, "t"));
        File.CreateSymbolicLink(Path.Combine(_below, "t/sub"), "/tmp");

        Assert.Equal("COPY failed: cannot copy to non-directory: /file", Assert.Throws<ErrorException>(() => Copy("COPY d /file")).Message);
        Assert.Equal("COPY failed: cannot copy to non-directory: /t/sub", Assert.Throws<ErrorException>(() => Copy("COPY d /t")).Message);
        Assert.Equal("COPY failed: cannot copy to non-directory: /file", Assert.Throws<ErrorException>(() => Copy("COPY d /file/x/")).Message);
    }

    [Fact]
    public void Context_LinksToTheHost_AreNotFollowed()
    {
        File.WriteAllText(Path.Combine(_root, "canary"), "secret");
        File.CreateSymbolicLink(Path.Combine(_context, "link"), "../canary");
        File.CreateSymbolicLink(Path.Combine(_context, "folder"), "..");
        Directory.CreateDirectory(Path.Combine(_context, "d"));
        File.CreateSymbolicLink(Path.Combine(_context, "d/kept"), "/etc/passwd");

        Assert.Throws<BuildFailure>(() => Copy("COPY link /x"));
        Assert.Throws<BuildFailure>(() => Copy("COPY folder/canary /x"));
        Assert.Throws<BuildFailure>(() => Copy("COPY ../canary /x"));
        Assert.Equal(["x/", "x/kept->/etc/passwd"], Copy("COPY d /x"));
    }

    [Fact]
    public void File_WithTheNameOfAMark_IsRefused()
    {
        File.WriteAllText(Path.Combine(_context, ".wh.passwd"), "");

        Assert.Contains("cannot be part of an image", Assert.Throws<ErrorException>(() => Copy("COPY . /etc/")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Archive_WithLinksAndDots_IsUnpackedInside()
    {
        WriteArchive(
            (TarKind.SymbolicLink, "lib", "/usr/lib", ""), (TarKind.File, "lib/f", "", "x"), (TarKind.SymbolicLink, "esc", "../../../..", ""), (TarKind.File, "esc/g", "", "y"), (TarKind.File, "/abs", "", "z"),
            (TarKind.HardLink, "hard", "lib/f", ""));

        Assert.Equal(["a/", "a/lib->/usr/lib", "usr/", "usr/lib/", "usr/lib/f=x", "a/esc->../../../..", "g=y", "a/abs=z", "a/hard=>usr/lib/f"], Copy("ADD a.tar /a"));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    public void Archive_ThatBreaksOut_IsRefused(string name)
    {
        WriteArchive((TarKind.File, "ok", "", ""), (TarKind.File, name, "", "x"));

        Assert.Contains("would break out", Assert.Throws<ErrorException>(() => Copy("ADD a.tar /a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Archive_WithAHardLinkOutside_IsRefused()
    {
        File.WriteAllText(Path.Combine(_below, "shadow"), "secret");
        WriteArchive((TarKind.HardLink, "x", "shadow", ""));

        Assert.Contains("leads to no file of this archive", Assert.Throws<ErrorException>(() => Copy("ADD a.tar /")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Glob_ThroughLinks_EndsSomewhere()
    {
        Directory.CreateDirectory(Path.Combine(_context, "d"));
        File.CreateSymbolicLink(Path.Combine(_context, "d/loop"), "..");
        File.WriteAllText(Path.Combine(_context, "d/f.txt"), "x");

        Assert.Equal(["o/", "o/d/", "o/d/f.txt=x"], Copy("COPY --parents **/*.txt /o/"));
        Assert.Equal(["o/", "o/f.txt=x"], Copy("COPY d*/*.txt /o/"));
        Assert.Equal("COPY failed: no source files were specified", Assert.Throws<BuildFailure>(() => Copy("COPY *.none /o/")).Message);
    }

    [Fact]
    public void Digest_OfAFolder_CountsModesAndNamesButNoTimes()
    {
        Directory.CreateDirectory(Path.Combine(_context, "d"));
        var file = Path.Combine(_context, "d/f");
        File.WriteAllText(file, "x");
        var first = Digest();
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        Assert.Equal(first, Digest());
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        Assert.NotEqual(first, Digest());
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(file, "y");
        Assert.NotEqual(first, Digest());

        string Digest()
        {
            using var tree = new SourceTree(_context, new([]), keepsOwners: false);
            Assert.Equal((Errno)0, tree.TryOpen("d", followLast: true, out var node));
            using (node)
            {
                return Convert.ToHexString(ContentDigest.Of(tree, "d", node!, new([]), CancellationToken.None));
            }
        }
    }

    /// <summary>Members of the layer, in order.</summary>
    private List<string> Copy(string line)
    {
        var copy = Assert.IsType<CopyInstruction>(DockerfileParser.Parse("FROM x\n" + line).Stages[0].Instructions[0]);
        using var tree = new SourceTree(_context, new([]), keepsOwners: false);
        using var below = new PathInRoot(_below);
        var finder = new CopySources(tree, copy, new([]), CancellationToken.None);
        CopyItem[] items = [.. copy.Sources.SelectMany(finder.Find)];
        if (items.Length == 0)
        {
            throw new BuildFailure(new(ErrorKind.Invalid, "build.copy", "COPY failed: no source files were specified"), 2);
        }

        using var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        var options = new CopyOptions("/" + SourceTree.Clean(copy.Destination), copy.Destination.EndsWith('/') || copy.Parents, null, null, new([]), copy.Word);
        new CopyLayer(writer, new(below.Root), options, DateTimeOffset.UnixEpoch, CancellationToken.None).Write(items);
        writer.End();
        archive.Position = 0;
        var reader = new TarReader(archive);
        var members = new List<string>();
        while (reader.Next() is { } entry)
        {
            var content = new byte[entry.Size];
            _ = reader.Read(content);
            var name = Encoding.UTF8.GetString(entry.Name);
            members.Add(entry.Kind switch
            {
                TarKind.Directory => name,
                TarKind.SymbolicLink => $"{name}->{Encoding.UTF8.GetString(entry.LinkName)}",
                TarKind.HardLink => $"{name}=>{Encoding.UTF8.GetString(entry.LinkName)}",
                _ => $"{name}={Encoding.UTF8.GetString(content)}",
            });
        }

        return members;
    }

    private void WriteArchive(params (TarKind Kind, string Name, string Link, string Content)[] members)
    {
        using var file = File.Create(Path.Combine(_context, "a.tar"));
        var writer = new TarWriter(file);
        foreach (var (kind, name, link, content) in members)
        {
            writer.Write(new(Encoding.UTF8.GetBytes(name), kind, Encoding.UTF8.GetBytes(link), content.Length, 0x1A4, 0, 0, default, 0, 0, []));
            _ = writer.WriteContent(Encoding.UTF8.GetBytes(content));
        }

        writer.End();
    }
}
