using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class RootFileTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("root").FullName;

    public RootFileTests() => Directory.CreateDirectory(_root + "/etc");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void ReadText_LinkOutOfTheRoot_StaysInside()
    {
        File.CreateSymbolicLink(_root + "/etc/passwd", "/etc/real");
        Assert.Equal("", RootFile.ReadText(_root, "/etc/passwd"));

        File.WriteAllText(_root + "/etc/real", "inside");
        Assert.Equal("inside", RootFile.ReadText(_root, "/etc/passwd"));

        File.CreateSymbolicLink(_root + "/etc/group", "../../../../../../proc/self/status");
        Assert.Equal("", RootFile.ReadText(_root, "/etc/group"));
    }

    [Fact]
    public void ReadText_NotAFile_IsEmpty() => Assert.Equal("", RootFile.ReadText(_root, "/etc"));

    [Fact]
    public void ReadText_Huge_IsRefused()
    {
        using (var file = File.Create(_root + "/etc/group"))
        {
            file.SetLength(1L << 30);
        }

        Assert.Equal("container.file_too_large", Assert.Throws<ErrorException>(() => RootFile.ResolveUser(_root, "bob", [])).Error.Code);
    }
}
