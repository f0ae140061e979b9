using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Layers;

/// <summary>Runs without root: owners and devices are not restored. A canary beside the root must never change.</summary>
public sealed class LayerApplierTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-").FullName;
    private readonly string _root;
    private readonly string _canary;

    public LayerApplierTests()
    {
        _root = Directory.CreateDirectory(Path.Combine(_folder, "root")).FullName;
        _canary = Directory.CreateDirectory(Path.Combine(_folder, "root-canary")).FullName;
        File.WriteAllText(Path.Combine(_canary, "file"), "canary");
        File.SetUnixFileMode(Path.Combine(_canary, "file"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public void Dispose()
    {
        Assert.Equal("canary", File.ReadAllText(Path.Combine(_canary, "file")));
        Assert.Equal(0u, (uint)File.GetUnixFileMode(Path.Combine(_canary, "file")) & 0x3F);
        Assert.Equal(["file"], Directory.GetFileSystemEntries(_canary).Select(Path.GetFileName));
        Assert.Equal(0, (int)Libc.Stat(Path.Combine(_canary, "file"), out var facts));
        Assert.Equal(1u, facts.Links);
        DirectoryTree.Delete(_folder);
    }

    [Fact]
    public void Apply_OrdinaryTree_HasModesTimesAndContents()
    {
        Apply(new TarBuilder().Folder("./").Folder("tmp/", mode: 0x3FF).File("tmp/f", "content", mode: 0x9ED).Symlink("l", "tmp/f").HardLink("tmp/h", "tmp/f"));

        Assert.Equal("content", File.ReadAllText(At("tmp/h")));
        Assert.Equal(0x9EDu, Facts("tmp/f").Mode);
        Assert.Equal(2u, Facts("tmp/f").Links);
        Assert.Equal(0x3FFu, Facts("tmp").Mode);
        Assert.Equal(new FileTime(100, 0), Facts("tmp").Modified);
        Assert.Equal("tmp/f", new FileInfo(At("l")).LinkTarget);
    }

    [Theory]
    [InlineData("../root-canary")]
    [InlineData("/../../root-canary")]
    [InlineData("CANARY")]
    public void Apply_FileThroughALinkThatLeadsOut_StaysInside(string target)
    {
        target = target.Replace("CANARY", _canary, StringComparison.Ordinal);

        TryApply(new TarBuilder().Symlink("out", target).File("out/file", "gotcha").File("out/new", "gotcha"));
        TryApply(new TarBuilder().Symlink("a", target).Symlink("b", "a").File("b/file", "gotcha"));
        TryApply(new TarBuilder().Folder("d").Symlink("d/up", "../.." + _canary).Folder("d/up/file").File("d/up/x"));
        TryApply(new TarBuilder().Symlink("e", target + "/file").File("e", "replaced"));

        Assert.Null(new FileInfo(At("e")).LinkTarget);
    }

    [Fact]
    public void Apply_HardLinkToOutside_IsAnError()
    {
        Assert.Throws<ErrorException>(() => Apply(new TarBuilder().HardLink("h", _canary + "/file")));
        Assert.Throws<ErrorException>(() => Apply(new TarBuilder().HardLink("h", "../root-canary/file")));
        TryApply(new TarBuilder().Symlink("s", _canary).HardLink("h", "s/file").File("h", "x"));
        // A link to a symbolic link links the link; what is written to the name later replaces it.
        Apply(new TarBuilder().Symlink("s2", _canary + "/file").HardLink("h2", "s2").File("h2", "inside", mode: 0x1FF));
        Assert.Equal("inside", File.ReadAllText(At("h2")));
    }

    [Fact]
    public void Apply_LinkReplacesADirectory_LaterFilesGoWhereTheLinkLeads()
    {
        Apply(new TarBuilder().Folder("run").Folder("var/run").File("var/run/old").Symlink("var/run", "/run").File("var/run/new", "x"));

        Assert.True(File.Exists(At("run/new")));
        Assert.False(File.Exists(At("run/old")));
    }

    [Fact]
    public void Apply_LegitimateLinks_Succeed()
    {
        Apply(new TarBuilder()
            .Folder("usr/bin").File("usr/bin/tool", "t").Symlink("bin", "usr/bin").File("bin/other", "o").HardLink("abs", "/usr/bin/tool")
            .Symlink("usr/bin/deep", "../../../../../../usr").File("usr/bin/deep/f", "d"));

        Assert.Equal("o", File.ReadAllText(At("usr/bin/other")));
        Assert.Equal("t", File.ReadAllText(At("abs")));
        Assert.Equal("d", File.ReadAllText(At("usr/f")));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    public void Apply_ParentTraversal_IsABreakOut(string name)
    {
        Assert.Equal("image.break-out", Assert.Throws<ErrorException>(() => Apply(new TarBuilder().File(name))).Error.Code);
        Assert.Equal("image.break-out", Assert.Throws<ErrorException>(() => Apply(new TarBuilder().File("f").HardLink("h", name))).Error.Code);
        Assert.Equal("image.break-out", Assert.Throws<ErrorException>(() => Apply(new TarBuilder().File("../.wh.x"))).Error.Code);
    }

    [Fact]
    public void Apply_Whiteouts_HideLowerNamesOnly()
    {
        Apply(new TarBuilder().File("same", "kept").File(".wh.same").File("d/.wh.lower"));

        Assert.Equal("kept", File.ReadAllText(At("same")));
        Assert.True(Facts("d/lower").IsWhiteout);
        Assert.False(Path.Exists(At("d/.wh.lower")));
    }

    [Fact]
    public void Apply_DeviceZeroZero_IsNoWhiteout()
    {
        Apply(new TarBuilder().Member("gone", '3').File("after"));

        Assert.False(Path.Exists(At("gone")));
        Assert.True(File.Exists(At("after")));
    }

    [Fact]
    public void Apply_ImpliedDirectory_LooksLikeTheLowerOne()
    {
        var lower = Directory.CreateDirectory(Path.Combine(_folder, "lower")).FullName;
        Directory.CreateDirectory(Path.Combine(lower, "tmp/x"));
        File.SetUnixFileMode(Path.Combine(lower, "tmp"), (UnixFileMode)0x3FF);

        Apply(new TarBuilder().File("tmp/x/f").File("other/f"), lower);

        Assert.Equal(0x3FFu, Facts("tmp").Mode);
        Assert.Equal(0x1EDu, Facts("other").Mode);
    }

    [Fact]
    public void Apply_MoreThanTheDiskMayTake_Stops()
    {
        using var applier = new LayerApplier(_root, () => [], privileged: false, new SpaceBudget(() => 10_000));

        var error = Assert.Throws<ErrorException>(() => applier.Apply(new TarBuilder().File("big", new string('x', 20_000)).Build(), CancellationToken.None));
        Assert.Equal("image.no-space", error.Error.Code);
    }

    [Theory]
    [InlineData(10_000, 10_000)]
    [InlineData(1000, 9_000_000_000_000_000_000)]
    public void Apply_HolesThatTheDiskCouldNotHold_Stops(long free, long size)
    {
        using var applier = new LayerApplier(_root, () => [], privileged: false, new SpaceBudget(() => free));
        var archive = new TarBuilder().File("f").Pax(("GNU.sparse.size", $"{size}"), ("GNU.sparse.map", "0,0")).File("holes").Build();

        Assert.Equal("image.no-space", Assert.Throws<ErrorException>(() => applier.Apply(archive, CancellationToken.None)).Error.Code);
    }

    [Fact]
    public void Apply_LinkToNothingAtAll_IsRefusedByName() =>
        Assert.Contains("impossible target", Assert.Throws<ErrorException>(() => Apply(new TarBuilder().Symlink("l", ""))).Message, StringComparison.Ordinal);

    [Fact]
    public void Apply_ImpliedDirectories_CountAsMembersDo()
    {
        using var applier = new LayerApplier(_root, () => [], privileged: false, new SpaceBudget(() => 100_000));
        var archive = new TarBuilder().Pax(("path", string.Join('/', Enumerable.Repeat("d", 1000)))).File("x").Build();

        Assert.Equal("image.no-space", Assert.Throws<ErrorException>(() => applier.Apply(archive, CancellationToken.None)).Error.Code);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(300, 1)]
    [InlineData(1, 70_000)]
    public void Apply_AttributeThatNoFileCanHave_IsRefusedByName(int name, int value)
    {
        var archive = new TarBuilder().Pax(("SCHILY.xattr.user." + new string('x', name), new string('v', value))).File("f");

        Assert.Equal("image.bad-archive", Assert.Throws<ErrorException>(() => Apply(archive)).Error.Code);
    }

    [Fact]
    public void Apply_AttributesThatSteerOverlayfs_AreLeftOut()
    {
        Apply(new TarBuilder()
            .Pax(("SCHILY.xattr.user.kept", "y"), ("SCHILY.xattr.user.overlay.opaque", "y"), ("SCHILY.xattr.user.overlay.redirect", "/etc"), ("SCHILY.xattr.trusted.overlay.metacopy", "y"))
            .File("f"));

        using var folder = File.OpenHandle(At("f"));
        string[] names = [.. Libc.ListAttributes(folder).Select(System.Text.Encoding.UTF8.GetString)];
        Assert.DoesNotContain(names, name => name.Contains("overlay", StringComparison.Ordinal));
        Assert.SkipUnless(names.Contains("user.kept"), "This file system has no attributes of users.");
    }

    [Fact]
    public void Delete_TreeDeeperThanHandlesAndPaths_IsGone()
    {
        var deep = string.Join('/', Enumerable.Repeat("d", 700));
        Apply(new TarBuilder().Pax(("path", deep + "/leaf")).File("x"));
        Directory.Move(At("d"), At("e"));
        Apply(new TarBuilder().Pax(("path", deep)).Folder("x"));
        Directory.Move(At("e"), At("d/e"));

        DirectoryTree.Delete(_root);

        Assert.False(Path.Exists(_root));
        Directory.CreateDirectory(_root);
    }

    private void TryApply(TarBuilder archive)
    {
        try
        {
            Apply(archive);
        }
        catch (ErrorException)
        {
            // Contained either way; Dispose looks at the canary.
        }
    }

    private void Apply(TarBuilder archive, params string[] lowers)
    {
        using var applier = new LayerApplier(_root, () => lowers, privileged: false, new SpaceBudget(() => long.MaxValue));
        applier.Apply(archive.Build(), CancellationToken.None);
    }

    private string At(string path) => Path.Combine(_root, path);

    private FileFacts Facts(string path)
    {
        Assert.Equal(0, (int)Libc.Stat(At(path), out var facts));
        return facts;
    }
}
