using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Tests.Volumes;

public sealed class VolumeFillTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _root = Directory.CreateTempSubdirectory("portal-fill").FullName;

    public VolumeFillTests()
    {
        Directory.CreateDirectory(_root + "/root/data/sub");
        Directory.CreateDirectory(_root + "/volume");
        File.WriteAllText(_root + "/root/data/one", "content");
        File.SetUnixFileMode(_root + "/root/data/one", Private | UnixFileMode.SetUser);
        File.SetLastWriteTimeUtc(_root + "/root/data/one", DateTime.UnixEpoch.AddDays(1));
        Assert.Equal((Errno)0, Libc.Link(_root + "/root/data/one", _root + "/root/data/sub/two"));
        File.CreateSymbolicLink(_root + "/root/data/link", "/etc/passwd");
        File.SetUnixFileMode(_root + "/root/data", Private | UnixFileMode.UserExecute | UnixFileMode.StickyBit);
        File.CreateSymbolicLink(_root + "/root/alias", "/data");
        File.CreateSymbolicLink(_root + "/root/out", "../../..");
    }

    public void Dispose() => DirectoryTree.Delete(_root);

    [Theory]
    [InlineData("/data")]
    [InlineData("/alias")]
    public void Fill_AFolder_CopiesItWithModesTimesAndBothKindsOfLinks(string target)
    {
        Fill(target);

        Assert.Equal("content", File.ReadAllText(_root + "/volume/one"));
        Assert.Equal(Private | UnixFileMode.SetUser, File.GetUnixFileMode(_root + "/volume/one"));
        Assert.Equal(DateTime.UnixEpoch.AddDays(1), File.GetLastWriteTimeUtc(_root + "/volume/one"));
        Assert.Equal("/etc/passwd", new FileInfo(_root + "/volume/link").LinkTarget);
        Assert.Equal(Private | UnixFileMode.UserExecute | UnixFileMode.StickyBit, File.GetUnixFileMode(_root + "/volume"));
        Assert.Equal((Facts("one").Inode, 2u), (Facts("sub/two").Inode, Facts("one").Links));
    }

    [Theory]
    [InlineData("/missing")]
    [InlineData("/data/one")]
    public void Fill_OfWhatIsNoFolder_LeavesTheVolumeEmpty(string target)
    {
        Fill(target);

        Assert.Empty(Directory.GetFileSystemEntries(_root + "/volume"));
    }

    [Fact]
    public void Fill_OfAFolderOutsideByALink_StaysInside()
    {
        Fill("/out");

        Assert.Contains(_root + "/volume/data", Directory.GetFileSystemEntries(_root + "/volume"));
    }

    [Fact]
    public void Fill_OfAnAnonymousVolumeOverAFile_IsRefused() => Assert.Equal(
        "cannot mount volume over existing file, file exists /data/one", Assert.Throws<ErrorException>(() => Fill("/data/one", anonymous: true)).Message);

    [Fact]
    public void OpenEmpty_OfWhatIsNotEmptyNotThereOrOutside_IsNull()
    {
        Directory.CreateDirectory(_root + "/volume/empty");
        File.CreateSymbolicLink(_root + "/volume/leak", "../root");

        Assert.Null(VolumeFill.OpenEmpty(_root + "/volume", ""));
        Assert.Null(VolumeFill.OpenEmpty(_root + "/volume", "missing"));
        Assert.Null(VolumeFill.OpenEmpty(_root + "/volume", "leak"));
        using var empty = VolumeFill.OpenEmpty(_root + "/volume", "empty");
        Assert.NotNull(empty);
    }

    private void Fill(string target, bool anonymous = false)
    {
        using var volume = VolumeFill.OpenEmpty(_root + "/volume", "");
        VolumeFill.Fill(_root + "/root", target, volume!, anonymous);
    }

    private FileFacts Facts(string name)
    {
        Assert.Equal((Errno)0, Libc.Stat($"{_root}/volume/{name}", out var facts));
        return facts;
    }
}
