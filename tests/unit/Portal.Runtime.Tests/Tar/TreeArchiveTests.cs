using System.Text;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Tests.Tar;

public sealed class TreeArchiveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-").FullName;

    public void Dispose() => DirectoryTree.Delete(_folder);

    [Fact]
    public void AddContents_OfATree_WritesItInOrderWithItsLinks()
    {
        Fill(new TarBuilder().Folder("b").File("b/z", "1").File("a", "two").HardLink("b/a", "a").Symlink("link", "/nowhere").Member("fifo", '6').Pax(("mtime", "100.25")).File("late"));

        var entries = Archive("./");

        Assert.Equal(
            [("./a", TarKind.File), ("./b/", TarKind.Directory), ("./b/a", TarKind.HardLink), ("./b/z", TarKind.File), ("./fifo", TarKind.Fifo), ("./late", TarKind.File), ("./link", TarKind.SymbolicLink)],
            entries.Select(entry => (Encoding.UTF8.GetString(entry.Name), entry.Kind)));
        Assert.Equal("./a"u8, entries[2].LinkName);
        Assert.Equal(new FileTime(100, 250_000_000), entries[5].Modified);
    }

    [Fact]
    public void AddContents_OfADeepTree_IsWhole()
    {
        var deep = string.Join('/', Enumerable.Repeat("d", 900));
        Fill(new TarBuilder().Pax(("path", deep + "/leaf")).File("x", "leaf"));

        Assert.Equal(901, Archive("").Count);
        Assert.Equal(4, TreeSize.Of(_folder, CancellationToken.None));
    }

    private void Fill(TarBuilder archive)
    {
        using var applier = new LayerApplier(_folder, () => [], privileged: false, new(() => long.MaxValue));
        applier.Apply(archive.Build(), CancellationToken.None);
    }

    private List<TarEntry> Archive(string prefix)
    {
        using var root = new PathInRoot(_folder);
        var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        new TreeArchive(writer, (_, _) => false, mappings: null, CancellationToken.None).AddContents(root.Root, Encoding.UTF8.GetBytes(prefix));
        writer.End();
        archive.Position = 0;
        var reader = new TarReader(archive);
        var entries = new List<TarEntry>();
        while (reader.Next() is { } entry)
        {
            entries.Add(entry);
        }

        return entries;
    }
}
