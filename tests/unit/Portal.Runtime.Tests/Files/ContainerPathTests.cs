using Portal.Runtime.Files;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Files;

public sealed class ContainerPathTests
{
    [Theory]
    [InlineData("/", "/", "/", true)]
    [InlineData("/.", "/", ".", true)]
    [InlineData(".", "/", ".", true)]
    [InlineData("..", "/", "/", false)]
    [InlineData("etc", "/etc", "etc", false)]
    [InlineData("etc/", "/etc", "etc", true)]
    [InlineData("/etc/.", "/etc", ".", true)]
    [InlineData("//etc//./passwd", "/etc/passwd", "passwd", false)]
    [InlineData("/usr/../../etc/group", "/etc/group", "group", false)]
    [InlineData("/a/..", "/", "/", false)]
    [InlineData("/...", "/...", "...", false)]
    [InlineData("/.hidden", "/.hidden", ".hidden", false)]
    public void Parse_AsClientsWrite_IsAsDockerReadsIt(string text, string path, string name, bool folder)
    {
        var parsed = ContainerPath.Parse(text);

        Assert.Equal((path, name, folder), (parsed.Text, parsed.Name, parsed.IsFolder));
    }

    [Theory]
    [InlineData("/a/b/c", "a/b", "c", "a/b/c")]
    [InlineData("/a", "", "a", "a")]
    [InlineData("/", "", "", ".")]
    public void Parts_OfAPath_AreFromTheRoot(string text, string parent, string leaf, string inside)
    {
        var path = ContainerPath.Parse(text);

        Assert.Equal((parent, leaf, inside), (path.Parent, path.Leaf, path.Inside));
    }

    [Fact]
    public void GoMode_OfWhatDockerReported_IsTheSameNumber()
    {
        Assert.Equal(2148532735u, Mode(FileKind.Directory, 0x3FF));
        Assert.Equal(420u, Mode(FileKind.Regular, 0x1A4));
        Assert.Equal(134218239u, Mode(FileKind.SymbolicLink, 0x1FF));
        Assert.Equal((1u << 23) | (1u << 22) | 0x1EDu, Mode(FileKind.Regular, 0xDED));
        Assert.Equal((1u << 26) | (1u << 21) | 0x1B6u, Mode(FileKind.CharacterDevice, 0x1B6));
    }

    private static uint Mode(FileKind kind, uint mode) => PathStatus.GoMode(new(kind, mode, 0, 0, 0, 0, 0, 1, 1, default, false, 0, 0));
}
