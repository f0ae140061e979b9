using Portal.Domain.Primitives;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Tests.Mounts;

public sealed class SafeSubpathTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-subpath").FullName;

    public SafeSubpathTests()
    {
        Directory.CreateDirectory(_root + "/volume/a/b");
        File.WriteAllText(_root + "/volume/a/b/file", "in");
        File.WriteAllText(_root + "/outside", "out");
        File.CreateSymbolicLink(_root + "/volume/inner", "a/b");
        File.CreateSymbolicLink(_root + "/volume/absolute", "/a/b");
        File.CreateSymbolicLink(_root + "/volume/up", "../outside");
        File.CreateSymbolicLink(_root + "/volume/circle", "circle");
        File.CreateSymbolicLink(_root + "/volume/magic", "/proc/self/root");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("a/b", true)]
    [InlineData("inner/../b/file", false)]
    [InlineData("inner/file", false)]
    public void OpenInVolume_Inside_IsFound(string subpath, bool folder)
    {
        using var found = SafeSubpath.OpenInVolume(_root + "/volume", subpath);

        Assert.Equal(folder, SafeSubpath.IsFolder(found, subpath));
    }

    [Theory]
    [InlineData("up")]
    [InlineData("absolute")]
    [InlineData("magic/etc")]
    [InlineData("../outside")]
    public void OpenInVolume_WhatLeadsOut_IsRefused(string subpath)
    {
        var error = Assert.Throws<ErrorException>(() => SafeSubpath.OpenInVolume(_root + "/volume", subpath)).Error;

        Assert.Equal((ErrorKind.Invalid, $"path concatenation escapes the base directory, base: {_root}/volume, subpath: {subpath}"), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("nope", "lstat {0}/nope: no such file or directory")]
    [InlineData("a/b/file/x", "not a directory")]
    [InlineData("circle", "too many levels of symbolic links")]
    public void OpenInVolume_WhatIsNotThere_Is404(string subpath, string reason)
    {
        var error = Assert.Throws<ErrorException>(() => SafeSubpath.OpenInVolume(_root + "/volume", subpath)).Error;

        Assert.Equal((ErrorKind.NotFound, $"cannot access path {_root}/volume/{subpath}: {string.Format(null, reason, _root + "/volume")}"), (error.Kind, error.Message));
    }

    [Fact]
    public void OpenInImage_AnAbsoluteLink_EndsInTheImage()
    {
        using var found = SafeSubpath.OpenInImage(_root + "/volume", "absolute");

        Assert.True(SafeSubpath.IsFolder(found, "absolute"));
        Assert.Throws<ErrorException>(() => SafeSubpath.OpenInImage(_root + "/volume", "up"));
    }

    [Fact]
    public void OpenFolder_OfALink_IsRefused() => Assert.ThrowsAny<IOException>(() => SafeSubpath.OpenFolder(_root + "/volume/inner"));
}
