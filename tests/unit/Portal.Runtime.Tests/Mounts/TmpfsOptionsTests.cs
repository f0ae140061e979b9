using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Tests.Mounts;

public sealed class TmpfsOptionsTests
{
    [Theory]
    [InlineData("", "noexec nosuid nodev rprivate")]
    [InlineData("exec,size=1m", "nosuid nodev rprivate exec size=1m")]
    [InlineData("size=1m,size=2m,defaults", "noexec nosuid nodev rprivate size=2m")]
    [InlineData("ro,rw", "noexec nosuid nodev rprivate rw")]
    [InlineData("shared,uid=5,gid=6,nr_inodes=1k,mpol=bind:0", "noexec nosuid nodev shared uid=5 gid=6 nr_inodes=1k mpol=bind:0")]
    public void Of_Options_MergeOverTheDefaults(string options, string expected) =>
        Assert.Equal(expected, string.Join(' ', TmpfsOptions.Of(Tmpfs() with { TmpfsOptions = options })));

    [Fact]
    public void Of_Members_ComeBeforeFurtherOptions() => Assert.Equal(
        ["nosuid", "nodev", "rprivate", "ro", "mode=700", "size=4096", "exec"],
        TmpfsOptions.Of(Tmpfs() with { ReadOnly = true, TmpfsMode = 0x1C0, TmpfsSizeBytes = 4096, TmpfsOptions = "exec" }));

    [Theory]
    [InlineData("foo", "foo")]
    [InlineData("size=1m,foo=bar", "foo")]
    [InlineData("size", "size")]
    [InlineData("size=1m,", "")]
    [InlineData("bind", "bind")]
    [InlineData("remount", "remount")]
    [InlineData("lowerdir=/etc", "lowerdir")]
    public void Of_OptionThatIsNotKnown_IsRefused(string options, string named)
    {
        var error = Assert.Throws<ErrorException>(() => TmpfsOptions.Of(Tmpfs() with { TmpfsOptions = options })).Error;

        Assert.Equal((ErrorKind.Invalid, $"invalid tmpfs option \"{named}\""), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("size=1m\n")]
    [InlineData("size=")]
    [InlineData("size=-1")]
    [InlineData("size=99999999999999999999")]
    [InlineData("size=1mb")]
    [InlineData("nr_inodes=1%")]
    [InlineData("mode=\0")]
    [InlineData("mode=9")]
    [InlineData("uid=-1")]
    [InlineData("gid=4294967295")]
    [InlineData("mpol=x")]
    public void Of_ValueThatTheKernelDoesNotTake_IsRefused(string option) =>
        Assert.Equal($"invalid value of tmpfs option \"{option}\"", Assert.Throws<ErrorException>(() => TmpfsOptions.Of(Tmpfs() with { TmpfsOptions = option })).Message);

    [Theory]
    [InlineData("size=50%")]
    [InlineData("size=64K")]
    [InlineData("nr_inodes=10k")]
    [InlineData("mode=01777")]
    [InlineData("uid=0")]
    [InlineData("mpol=interleave:0-1")]
    public void Of_ValueThatTheKernelTakes_IsKept(string option) => Assert.Contains(option, TmpfsOptions.Of(Tmpfs() with { TmpfsOptions = option }));

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, -1)]
    [InlineData(0, 0x1000)]
    public void Of_NumberOutOfRange_IsRefused(long size, int mode) =>
        Assert.Throws<ErrorException>(() => TmpfsOptions.Of(Tmpfs() with { TmpfsSizeBytes = size, TmpfsMode = mode }));

    private static MountSpec Tmpfs() => new(MountKind.Tmpfs, "", "/t", ReadOnly: false);
}
