using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Tests.Mounts;

public sealed class MountValidationTests
{
    public static TheoryData<MountSpec, string> Bad => new()
    {
        { new(MountKind.Bind, "srv", "/a", false), "invalid mount config for type \"bind\": invalid mount path: 'srv' mount path must be absolute" },
        { new(MountKind.Bind, "/srv\0x", "/a", false), "invalid mount config for type \"bind\": paths cannot contain null bytes (\\x00)" },
        { new(MountKind.Bind, "/srv", "/a\0x", false), "invalid mount config for type \"bind\": paths cannot contain null bytes (\\x00)" },
        { new(MountKind.Bind, "/srv", "/a", false) { ReadOnlyReach = ReadOnlyReach.Forced }, "mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive" },
        { new(MountKind.Bind, "/srv", "/a", false) { ReadOnlyReach = ReadOnlyReach.TopOnly }, "mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive" },
        {
            new(MountKind.Bind, "/srv", "/a", true) { ReadOnlyReach = ReadOnlyReach.Forced, Propagation = "rshared" },
            "mount options conflict: BindOptions.ReadOnlyForceRecursive && BindOptions.Propagation=rshared"
        },
        { new(MountKind.Volume, new('v', 256), "/a", false), $"Invalid name ({new string('v', 32)}…): it is longer than 255 characters" },
        { new(MountKind.Volume, "v", "/a", false), "create v: volume name is too short, names should be at least two alphanumeric characters" },
        { new(MountKind.Volume, "", "/a", false) { Subpath = "x" }, "invalid mount config for type \"volume\": must not set Subpath when using anonymous volumes" },
        { new(MountKind.Volume, "vol", "/a", false) { Subpath = "../x" }, "invalid mount config for type \"volume\": subpath must be a relative path within the volume" },
        { new(MountKind.Image, "i", "/a", true) { Subpath = "/x" }, "invalid mount config for type \"image\": subpath must be a relative path within the volume" },
        { new(MountKind.Tmpfs, "", "/a", false) { TmpfsOptions = "foo" }, "invalid tmpfs option \"foo\"" },
        { new(MountKind.Tmpfs, "", "/..", false), "invalid specification: destination can't be '/'" },
    };

    [Theory, MemberData(nameof(Bad))]
    public void Check_OneThingWrong_SaysItInDockersWords(MountSpec mount, string message)
    {
        var error = Assert.Throws<ErrorException>(() => MountValidation.Check([mount])).Error;

        Assert.Equal((ErrorKind.Invalid, message), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("/x/../a", "Duplicate mount point: /x/../a")]
    [InlineData("/a//", "Duplicate mount point: /a//")]
    public void Check_OneTargetInTwoSpellings_IsADuplicate(string second, string message) => Assert.Equal(
        message, Assert.Throws<ErrorException>(() => MountValidation.Check([new(MountKind.Tmpfs, "", "/a", false), new(MountKind.Volume, "v1", second, false)])).Message);

    [Theory]
    [InlineData("a", true)]
    [InlineData("a/../b", true)]
    [InlineData("./a//b/", true)]
    [InlineData("..a/b..", true)]
    [InlineData("", false)]
    [InlineData("/a", false)]
    [InlineData("..", false)]
    [InlineData("a/../../b", false)]
    public void IsLocal_APath_StaysWhereItStarts(string path, bool local) => Assert.Equal(local, MountValidation.IsLocal(path));
}
