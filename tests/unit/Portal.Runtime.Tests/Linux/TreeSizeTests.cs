using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Linux;

public sealed class TreeSizeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-").FullName;

    public void Dispose() => DirectoryTree.Delete(_folder);

    [Fact]
    public void Of_FilesLinksAndFolders_CountsEachFileOnceAndNoFolder()
    {
        Directory.CreateDirectory(_folder + "/d/e");
        File.WriteAllText(_folder + "/d/f", "12345");
        File.WriteAllText(_folder + "/d/e/g", "123");
        Assert.Equal(0, (int)Libc.Link(_folder + "/d/f", _folder + "/d/e/second-name"));
        File.CreateSymbolicLink(_folder + "/link", "d/f");
        File.CreateSymbolicLink(_folder + "/elsewhere", "/");

        Assert.Equal(5 + 3 + 3 + 1, TreeSize.Of(_folder, CancellationToken.None));
        Assert.Equal(0, TreeSize.Of(_folder + "/none", CancellationToken.None));
    }
}
