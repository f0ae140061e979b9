using System.Text;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Layers;

/// <summary>
/// Layers made as overlayfs makes them. Whiteouts are devices, which only root makes; where tests do not run as root they are
/// left out of the tree, and of what is expected.
/// </summary>
public sealed class LayerDiffTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-").FullName;

    public void Dispose() => DirectoryTree.Delete(_folder);

    [Fact]
    public void Read_OfChanges_ListsThemWithTheFoldersAbove()
    {
        Lower(new TarBuilder().Folder("etc").File("etc/passwd", "root").File("etc/same", "s").Folder("keep/deep").File("keep/deep/f", "1").Folder("mode").Folder("touched"));
        Upper(new TarBuilder().Folder("etc").File("etc/passwd", "root and more").File("etc/same", "s").Folder("keep").Folder("keep/deep").File("keep/deep/f", "22").Folder("mode", 0x1C0).Folder("touched")
            .Folder("new").File("new/f", "x").Symlink("link", "new"));

        Assert.Equal(["C etc", "C etc/passwd", "C keep", "C keep/deep", "C keep/deep/f", "A link", "C mode", "A new", "A new/f"], Read());
    }

    [Fact]
    public void Read_OfAFileThatOnlyHasAnotherTime_SaysModified()
    {
        Lower(new TarBuilder().File("f", "same size"));
        Upper(new TarBuilder().Pax(("mtime", "200")).File("f", "same size"));

        Assert.Equal(["C f"], Read());
    }

    [Fact]
    public void Read_OfTimesThatDifferInWhatAnArchiveDropped_SaysNothing()
    {
        Lower(new TarBuilder().File("f", "same"));
        Upper(new TarBuilder().Pax(("mtime", "100.5")).File("f", "same"));

        Assert.Empty(Read());
    }

    [Fact]
    public void Read_OfAFolderThatBecameAFile_SaysModifiedOnce()
    {
        Lower(new TarBuilder().Folder("d").File("d/in", "x"));
        Upper(new TarBuilder().File("d", "now a file"));

        Assert.Equal(["C d"], Read());
    }

    [Fact]
    public void Read_OfWhatTheRuntimeMakesToMountOn_SaysNothing()
    {
        Lower(new TarBuilder().Folder("etc").Folder("dev"));
        Upper(new TarBuilder().Folder("etc").File("etc/hosts").File("etc/hostname").File("etc/resolv.conf").Folder("dev/pts").File("dev/console").Folder("proc").Folder("sys").File(".dockerenv"));

        Assert.Empty(Read());
    }

    [Fact]
    public void Read_OfTheSameNamesWithContent_ListsThem()
    {
        Lower(new TarBuilder().Folder("etc"));
        Upper(new TarBuilder().Folder("etc").File("etc/hosts", "mine").Folder("proc").File("proc/x", "y"));

        Assert.Equal(["C etc", "A etc/hosts", "A proc", "A proc/x"], Read());
    }

    [Fact]
    public void Read_OfSeveralLowerLayers_SeesThemAsOne()
    {
        Lower(new TarBuilder().Folder("d").File("d/low", "l"));
        Lower(new TarBuilder().Folder("d").File("d/high", "h"));
        Upper(new TarBuilder().Folder("d").File("d/low", "l").File("d/high", "other").File("d/new"));

        Assert.Equal(["C d", "C d/high", "A d/new"], Read());
    }

    [Fact]
    public void Read_OfDeletedNames_ListsThoseThatWereThere()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root makes whiteouts.");
        Lower(new TarBuilder().File("gone", "x").Folder("d").File("d/gone", "y"));
        Upper(new TarBuilder().File(".wh.gone").Folder("d").File("d/.wh.gone").File(".wh.never"));

        Assert.Equal(["C d", "D d/gone", "D gone"], Read());
        Assert.Equal(["d/", "d/.wh.gone", ".wh.gone"], Archive().Select(entry => Encoding.UTF8.GetString(entry.Name)));
    }

    [Fact]
    public void Read_OfAFolderMadeAnew_ListsWhatItHidesForPeopleAndOneMarkForImages()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root marks folders.");
        Lower(new TarBuilder().Folder("usr").Folder("usr/bin").File("usr/bin/x").Folder("usr/lib").File("usr/lib/old", "1"));
        Upper(new TarBuilder().Folder("usr").File("usr/.wh..wh..opq").File("usr/z", "z").Folder("usr/lib").File("usr/lib/new"));

        Assert.Equal(["C usr", "D usr/bin", "C usr/lib", "A usr/lib/new", "D usr/lib/old", "A usr/z"], Read());
        Assert.Equal(["usr/", "usr/.wh..wh..opq", "usr/lib/", "usr/lib/new", "usr/z"], Archive().Select(entry => Encoding.UTF8.GetString(entry.Name)));
    }

    [Fact]
    public void Archive_OfALayer_MakesTheSameTreeAgain()
    {
        Lower(new TarBuilder().Folder("d").File("d/f", "old"));
        Upper(new TarBuilder().Folder("d").File("d/f", "new", 0x9ED).HardLink("d/hard", "d/f").Symlink("d/link", "f").Member("d/fifo", '6'));

        var entries = Archive();

        Assert.Equal(
            [("d/", TarKind.Directory), ("d/f", TarKind.File), ("d/fifo", TarKind.Fifo), ("d/hard", TarKind.HardLink), ("d/link", TarKind.SymbolicLink)],
            entries.Select(entry => (Encoding.UTF8.GetString(entry.Name), entry.Kind)));
        Assert.Equal(0x9EDu, entries[1].Mode);
        Assert.Equal("d/f"u8, entries[3].LinkName);
        Assert.Equal("f"u8, entries[4].LinkName);
    }

    [Fact]
    public void Archive_OfNoChange_IsEmpty()
    {
        Lower(new TarBuilder().Folder("d"));
        Upper(new TarBuilder().Folder("d"));

        Assert.Empty(Archive());
    }

    [Fact]
    public void Read_OfADeepTree_Succeeds()
    {
        Lower(new TarBuilder());
        var deep = string.Join('/', Enumerable.Repeat("d", 900));
        Upper(new TarBuilder().Pax(("path", deep + "/leaf")).File("x"));

        Assert.Equal(901, Read().Count);
    }

    private int _lowers;

    private void Lower(TarBuilder archive) => Apply($"lower{_lowers++}", archive);

    private void Upper(TarBuilder archive) => Apply("upper", archive);

    private void Apply(string name, TarBuilder archive)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        using var applier = new LayerApplier(folder, () => [], Environment.IsPrivilegedProcess, new(() => long.MaxValue));
        applier.Apply(archive.Build(), CancellationToken.None);
    }

    private LayerDiff Diff() => new(
        new(Path.Combine(_folder, "upper"), [.. Enumerable.Range(0, _lowers).Reverse().Select(i => Path.Combine(_folder, $"lower{i}"))]), Environment.IsPrivilegedProcess);

    private List<string> Read() => [.. Diff().Read(listHidden: true).Select(change => $"{"CAD"[(int)change.Kind]} {Encoding.UTF8.GetString(change.Path)}")];

    private List<TarEntry> Archive()
    {
        var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        LayerArchive.Write(Diff(), writer, DateTimeOffset.UnixEpoch, CancellationToken.None);
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
