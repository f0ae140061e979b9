using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class WorkingDirectoryTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-cwd").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("/proc/self/fd/7", "/link")]
    [InlineData("../../proc/self", "/link/fd/7")]
    [InlineData("/proc", "/link/1/cwd")]
    [InlineData("/dev", "/link/fd/8")]
    [InlineData("second", "/link/self/fd/7")]
    [InlineData("link", "/link")]
    public void Demand_LinkThatLeadsToAProcessOrInCircles_IsRefused(string target, string path)
    {
        File.CreateSymbolicLink(_root + "/link", target);
        File.CreateSymbolicLink(_root + "/second", "/proc");

        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => WorkingDirectory.Demand(_root, [], path)).Error.Kind);
    }

    [Fact]
    public void Demand_LinkInsideAVolume_IsFollowedToo()
    {
        Directory.CreateDirectory(_root + "/root");
        Directory.CreateDirectory(_root + "/volume");
        File.CreateSymbolicLink(_root + "/volume/link", "/proc/self/fd/7");
        ResolvedMount mount = new(MountKind.Volume, "v", _root + "/volume", "/data", false, false, "");

        Assert.Throws<ErrorException>(() => WorkingDirectory.Demand(_root + "/root", [mount], "/data/link"));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/app/missing")]
    [InlineData("/link/../proc")]
    [InlineData("/proc/sys")]
    public void Demand_OrdinaryPath_IsTaken(string path)
    {
        Directory.CreateDirectory(_root + "/app");
        File.CreateSymbolicLink(_root + "/link", "/app");

        WorkingDirectory.Demand(_root, [], path);
    }
}
