using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Tests.Tar;

public sealed class TarNameTests
{
    [Theory]
    [InlineData("a", "a")]
    [InlineData("./a/b/", "a/b")]
    [InlineData("/etc/passwd", "etc/passwd")]
    [InlineData("//a//b//", "a/b")]
    [InlineData("a/../b", "b")]
    [InlineData("a/b/../../c", "c")]
    [InlineData("a/b/..", "a")]
    [InlineData(".", "")]
    [InlineData("", "")]
    [InlineData("/", "")]
    [InlineData("a\nb/\u0001", "a\nb/\u0001")]
    [InlineData("...", "...")]
    public void Clean_NameInsideTheRoot_IsItsPath(string name, string path) => Assert.Equal(path, Encoding.UTF8.GetString(TarName.Clean(Encoding.UTF8.GetBytes(name))));

    [Theory]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/..")]
    [InlineData("./../x")]
    [InlineData("a/../..")]
    public void Clean_NameAboveTheRoot_IsABreakOut(string name) =>
        Assert.Equal("image.break-out", Assert.Throws<ErrorException>(() => TarName.Clean(Encoding.UTF8.GetBytes(name))).Error.Code);

    [Fact]
    public void Clean_NameNoFileCanHave_IsRefused()
    {
        Assert.Throws<ErrorException>(() => TarName.Clean(Encoding.UTF8.GetBytes(new string('c', 256))));
        Assert.Throws<ErrorException>(() => TarName.Clean(Encoding.UTF8.GetBytes(string.Join('/', Enumerable.Repeat("dir", 1250)))));
        Assert.Throws<ErrorException>(() => TarName.Clean("a\0b"u8));
    }
}
