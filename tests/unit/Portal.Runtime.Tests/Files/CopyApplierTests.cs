using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Files;
using Portal.Runtime.Linux;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Files;

/// <summary>Copies into a folder that somebody else may be changing. A canary beside it must never change.</summary>
public sealed class CopyApplierTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-").FullName;
    private readonly string _root;
    private readonly string _canary;

    public CopyApplierTests()
    {
        _root = Directory.CreateDirectory(Path.Combine(_folder, "root")).FullName;
        _canary = Directory.CreateDirectory(Path.Combine(_folder, "canary")).FullName;
        File.WriteAllText(Path.Combine(_canary, "file"), "canary");
        File.SetUnixFileMode(Path.Combine(_canary, "file"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public void Dispose()
    {
        Assert.Equal("canary", File.ReadAllText(Path.Combine(_canary, "file")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_canary, "file")));
        Assert.Equal(["file"], Directory.GetFileSystemEntries(_canary).Select(Path.GetFileName));
        DirectoryTree.Delete(_folder);
    }

    [Fact]
    public void Apply_OverWhatIsThere_MergesFoldersAndReplacesTheRest()
    {
        Directory.CreateDirectory(At("d"));
        File.WriteAllText(At("d/old"), "kept");
        File.WriteAllText(At("f"), "old");
        File.CreateSymbolicLink(At("l"), _canary + "/file");

        Apply(new TarBuilder().Folder("d/").File("d/new", "n").File("f", "new", mode: 0x9ED).File("l", "replaced"));

        Assert.Equal(["new", "old"], Directory.GetFiles(At("d")).Select(Path.GetFileName).Order());
        Assert.Equal("new", File.ReadAllText(At("f")));
        Assert.Equal("replaced", File.ReadAllText(At("l")));
        Assert.Null(new FileInfo(At("l")).LinkTarget);
        Assert.Equal(["d", "f", "l"], Directory.GetFileSystemEntries(_root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Apply_OfMarkersOfLayers_MakesOrdinaryFiles()
    {
        Apply(new TarBuilder().File(".wh.name", "x").File(".wh..wh..opq", "y"));

        Assert.Equal("x", File.ReadAllText(At(".wh.name")));
        Assert.Equal("y", File.ReadAllText(At(".wh..wh..opq")));
    }

    [Fact]
    public void Apply_KeepingKinds_RefusesToMakeAFileOfAFolder()
    {
        Directory.CreateDirectory(At("d"));
        File.WriteAllText(At("f"), "file");

        var over = Assert.Throws<ErrorException>(() => Apply(new TarBuilder().File("d", "x"), keepKinds: true));
        var under = Assert.Throws<ErrorException>(() => Apply(new TarBuilder().Folder("f/"), keepKinds: true));

        Assert.Equal("cannot overwrite directory \"d\" with non-directory \"/into\"", over.Message);
        Assert.Equal("cannot overwrite non-directory \"f\" with directory \"/into\"", under.Message);
        Assert.True(Directory.Exists(At("d")));
        Assert.Equal("file", File.ReadAllText(At("f")));
        Apply(new TarBuilder().File("d", "x").Folder("f/"));
        Assert.True(File.Exists(At("d")) && Directory.Exists(At("f")));
    }

    [Fact]
    public void Apply_OfAFileThatIsCutOff_LeavesTheOldOneAndNothingElse()
    {
        File.WriteAllText(At("f"), "old");

        Assert.Throws<ErrorException>(() => Apply(new TarBuilder().File("f", new string('x', 5000)).Cut(3000)));

        Assert.Equal("old", File.ReadAllText(At("f")));
        Assert.Equal(["f"], Directory.GetFileSystemEntries(_root).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("d/../../x")]
    public void Apply_OfNamesThatLeadOut_IsABreakOut(string name) =>
        Assert.Equal("image.break-out", Assert.Throws<ErrorException>(() => Apply(new TarBuilder().Folder("d").File(name))).Error.Code);

    [Fact]
    public async Task Apply_WhileNamesAreSwappedForLinks_NeverTouchesWhatTheyLeadTo()
    {
        using var done = new CancellationTokenSource();
        var swapping = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                foreach (var name in (string[])["d", "f", "node"])
                {
                    try
                    {
                        var path = At(name);
                        if (Directory.Exists(path) && new FileInfo(path).LinkTarget is null)
                        {
                            Directory.Delete(path, recursive: true);
                        }
                        else
                        {
                            File.Delete(path);
                        }

                        File.CreateSymbolicLink(path, name == "f" ? _canary + "/file" : _canary);
                    }
                    catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                    {
                        // The other side was quicker.
                    }
                }
            }
        });

        for (var i = 0; i < 300; i++)
        {
            try
            {
                Apply(new TarBuilder().Folder("d", 0x1FF).Folder("d/sub", 0x1FF).File("d/sub/file", "gotcha", 0x1FF).File("d/file", "gotcha", 0x1FF).File("f", "gotcha", 0x1FF).Member("node", '6', mode: 0x1FF));
            }
            catch (Exception e) when (e is IOException or ErrorException)
            {
                // Contained either way; Dispose looks at the canary.
            }
        }

        await done.CancelAsync();
        await swapping;
    }

    private void Apply(TarBuilder archive, bool keepKinds = false) => Apply(archive.Build(), keepKinds);

    private void Apply(MemoryStream archive, bool keepKinds = false)
    {
        Assert.Equal(0, (int)Libc.Open(Encoding.UTF8.GetBytes(_root), Libc.OpenPath | Libc.OpenDirectory, 0, out var folder));
        using var applier = new CopyApplier(folder!, "/into", keepKinds, owner: null, mappings: null, budget: null, Environment.IsPrivilegedProcess);
        applier.Apply(archive, CancellationToken.None);
    }

    private string At(string path) => Path.Combine(_root, path);
}
