using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Contexts;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Builds;

public sealed class SyncedFolderTests : IDisposable
{
    private const uint Directory = 1u << 31;
    private const uint SymbolicLink = 1u << 27;
    private const uint Socket = 1u << 24;
    private const long Time = 1_700_000_000_123_456_789;

    private readonly string _root = Path.Combine(Path.GetTempPath(), $"portal-sync-{Guid.NewGuid():n}");

    public SyncedFolderTests() => _ = System.IO.Directory.CreateDirectory(_root);

    public void Dispose() => DirectoryTree.Delete(_root);

    [Fact]
    public void Tree_Described_ComesAsItIs()
    {
        Sync(("a", 0x1A4, "hello", ""), ("d", Directory | 0x1C0, "", ""), ("d/b", 0x1ED, "world", ""), ("d/l", SymbolicLink | 0x1FF, "", "../a"), ("empty", 0x180, "", ""), ("h", 0x1A4, "", "a"));

        Assert.Equal("hello", File.ReadAllText(In("a")));
        Assert.Equal("world", File.ReadAllText(In("d/b")));
        Assert.Equal("../a", new FileInfo(In("d/l")).LinkTarget);
        Assert.Equal("", File.ReadAllText(In("empty")));
        Assert.Equal("hello", File.ReadAllText(In("h")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(In("d")));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(Time / 1_000_000_000).UtcDateTime.AddTicks(1_234_567), File.GetLastWriteTimeUtc(In("a")));
        Assert.Equal(File.GetLastWriteTimeUtc(In("a")), File.GetLastWriteTimeUtc(In("d")));
    }

    [Fact]
    public void Tree_DescribedAgain_AsksForNothing()
    {
        (string, uint, string, string)[] tree = [("a", 0x1A4, "hello", ""), ("d", Directory | 0x1ED, "", ""), ("d/b", 0x1ED, "world", ""), ("d/l", SymbolicLink | 0x1FF, "", "b")];
        Assert.Equal(2, Sync(tree));

        Assert.Equal(0, Sync(tree));
    }

    [Fact]
    public void File_ChangedSize_IsAskedForAlone()
    {
        _ = Sync(("a", 0x1A4, "hello", ""), ("b", 0x1A4, "world", ""));

        Assert.Equal(1, Sync(("a", 0x1A4, "hello", ""), ("b", 0x1A4, "worlds", "")));
        Assert.Equal("worlds", File.ReadAllText(In("b")));
    }

    [Fact]
    public void File_OtherMode_IsAskedFor()
    {
        _ = Sync(("a", 0x1A4, "hello", ""));

        Assert.Equal(1, Sync(("a", 0x1ED, "hello", "")));
    }

    [Fact]
    public void WhatIsGone_AtTheEnd_IsDeleted()
    {
        _ = Sync(("a", 0x1A4, "hello", ""), ("d", Directory | 0x1ED, "", ""), ("d/x", Directory | 0x1ED, "", ""), ("d/x/y", 0x1A4, "y", ""), ("e", Directory | 0x1ED, "", ""), ("e/z", 0x1A4, "z", ""));

        _ = Sync(("e", Directory | 0x1ED, "", ""));

        Assert.Equal([In("e")], System.IO.Directory.GetFileSystemEntries(_root));
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(In("e")));
    }

    [Fact]
    public void Kind_Changed_IsReplaced()
    {
        _ = Sync(("a", 0x1A4, "hello", ""), ("d", Directory | 0x1ED, "", ""), ("d/b", 0x1A4, "b", ""));

        _ = Sync(("a", Directory | 0x1ED, "", ""), ("a/x", 0x1A4, "x", ""), ("d", SymbolicLink | 0x1FF, "", "a"));

        Assert.Equal("x", File.ReadAllText(In("a/x")));
        Assert.Equal("a", new FileInfo(In("d")).LinkTarget);
    }

    [Fact]
    public void Directory_InThePlaceOfALink_IsNotEnteredThroughIt()
    {
        var outside = _root + "-outside";
        _ = System.IO.Directory.CreateDirectory(outside);
        try
        {
            _ = Sync(("d", SymbolicLink | 0x1FF, "", outside));
            _ = Sync(("d", Directory | 0x1ED, "", ""), ("d/f", 0x1A4, "inside", ""));

            Assert.Empty(System.IO.Directory.GetFileSystemEntries(outside));
            Assert.Equal("inside", File.ReadAllText(In("d/f")));
        }
        finally
        {
            System.IO.Directory.Delete(outside, recursive: true);
        }
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/x")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a//b")]
    [InlineData("")]
    [InlineData("a\0b")]
    public void Path_ThatDoesNotStayInside_IsRefused(string path) => Refused(folder => folder.Describe(Entry(path, 0x1A4, 1)));

    [Fact]
    public void Path_BeforeItsDirectory_IsRefused() => Refused(folder => folder.Describe(Entry("d/a", 0x1A4, 1)));

    [Fact]
    public void Path_BelowALink_IsRefused() => Refused(folder =>
    {
        _ = folder.Describe(Entry("l", SymbolicLink | 0x1FF, 0, "/etc"));
        _ = folder.Describe(Entry("l/passwd", 0x1A4, 1));
    });

    [Fact]
    public void Path_Twice_IsRefused() => Refused(folder =>
    {
        _ = folder.Describe(Entry("a", 0x1A4, 1));
        _ = folder.Describe(Entry("a", SymbolicLink | 0x1FF, 0, "/etc"));
    });

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("later")]
    [InlineData("h")]
    public void HardLink_ToWhatHasNotCome_IsRefused(string target) => Refused(folder => folder.Describe(Entry("h", 0x1A4, 0, target)));

    [Fact]
    public void HardLink_ToASymbolicLink_IsRefused() => Refused(folder =>
    {
        _ = folder.Describe(Entry("a", SymbolicLink | 0x1FF, 0, "/etc/passwd"));
        _ = folder.Describe(Entry("h", 0x1A4, 0, "a"));
    });

    [Fact]
    public void Content_NotAskedFor_IsRefused() => Refused(folder => folder.Receive(7, "x"u8));

    [Fact]
    public void Content_AfterItsEnd_IsRefused() => Refused(folder =>
    {
        var number = folder.Describe(Entry("a", 0x1A4, 1))!.Value;
        folder.Receive(number, []);
        folder.Receive(number, "x"u8);
    });

    [Fact]
    public void Contents_OfTooManyFilesAtOnce_AreRefused() => Refused(folder =>
    {
        for (var i = 0; i < 100; i++)
        {
            folder.Receive(folder.Describe(Entry($"f{i}", 0x1A4, 10))!.Value, "x"u8);
        }
    });

    [Fact]
    public void Content_LongerThanSaid_ComesWholeAndIsAskedForAgain()
    {
        using (var folder = Open())
        {
            var number = folder.Describe(Entry("a", 0x1A4, 1))!.Value;
            folder.Receive(number, "longer"u8);
            folder.Receive(number, []);
            folder.Finish(default);
        }

        using var again = Open();
        Assert.Equal("longer", File.ReadAllText(In("a")));
        Assert.NotNull(again.Describe(Entry("a", 0x1A4, 1)));
    }

    [Fact]
    public void Content_BrokenOff_IsAskedForAgain()
    {
        using (var folder = Open())
        {
            folder.Receive(folder.Describe(Entry("a", 0x1A4, 4))!.Value, "half"u8);
        }

        using var again = Open();
        Assert.NotNull(again.Describe(Entry("a", 0x1A4, 4)));
    }

    [Fact]
    public void Socket_Described_IsLeftOut()
    {
        using (var folder = Open())
        {
            Assert.Null(folder.Describe(Entry("s", Socket | 0x1A4, 0)));
            folder.Finish(default);
        }

        Assert.Empty(System.IO.Directory.GetFileSystemEntries(_root));
    }

    [Fact]
    public void Name_ThatIsNoText_KeepsItsBytes()
    {
        using (var folder = Open())
        {
            var number = folder.Describe(new([0xFF, 0xFE, 0x61], 0x1A4, 1, Time, [], 0, 0, []))!.Value;
            folder.Receive(number, "x"u8);
            folder.Receive(number, []);
            folder.Finish(default);
        }

        _ = Assert.Single(System.IO.Directory.GetFileSystemEntries(_root));
        using var again = Open();
        Assert.Null(again.Describe(new([0xFF, 0xFE, 0x61], 0x1A4, 1, Time, [], 0, 0, [])));
    }

    [Fact]
    public void Numbers_CountEveryDescription()
    {
        using var folder = Open();

        Assert.Null(folder.Describe(Entry("d", Directory | 0x1ED, 0)));
        Assert.Equal(1u, folder.Describe(Entry("d/a", 0x1A4, 1)));
        Assert.Null(folder.Describe(Entry("e", 0x1A4, 0)));
        Assert.Equal(3u, folder.Describe(Entry("f", 0x1A4, 1)));
        Assert.Equal(2, folder.Awaited);
    }

    private static SyncEntry Entry(string path, uint mode, long size, string link = "") => new(Encoding.UTF8.GetBytes(path), mode, size, Time, Encoding.UTF8.GetBytes(link), 0, 0, []);

    private string In(string path) => Path.Combine(_root, path);

    private SyncedFolder Open() => new(_root, privileged: false, budget: null);

    private void Refused(Action<SyncedFolder> act)
    {
        using var folder = Open();
        Assert.Equal("build.bad-context", Assert.Throws<ErrorException>(() => act(folder)).Error.Code);
    }

    /// <summary>Describes a tree and sends what is asked for.</summary>
    /// <returns>How many contents were asked for.</returns>
    private int Sync(params (string Path, uint Mode, string Content, string Link)[] tree)
    {
        using var folder = Open();
        var asked = 0;
        foreach (var (path, mode, content, link) in tree)
        {
            if (folder.Describe(Entry(path, mode, content.Length, link)) is { } number)
            {
                asked++;
                folder.Receive(number, Encoding.UTF8.GetBytes(content));
                folder.Receive(number, []);
            }
        }

        folder.Finish(default);
        return asked;
    }
}
