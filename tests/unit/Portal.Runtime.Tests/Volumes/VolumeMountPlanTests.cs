using System.Net;
using System.Net.Sockets;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;
using Portal.Runtime.Linux;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Tests.Volumes;

public sealed class VolumeMountPlanTests
{
    [Fact]
    public void Of_FlagsAndTheFileSystemsOwn_AreTold()
    {
        var plan = VolumeMountPlan.Of(["ro", "size=1m", "nosuid", "rw", "uid=1000", "rshared", "noatime"]);

        Assert.Equal(new VolumeMountPlan(MountFlags.NoSuid | MountFlags.NoAccessTime, MountFlags.Shared | MountFlags.Recursive, "size=1m,uid=1000"), plan);
        Assert.Null(plan.SecondStep);
    }

    [Fact]
    public void Of_ReadOnlyBind_NeedsASecondStep() =>
        Assert.Equal(MountFlags.Bind | MountFlags.ReadOnly | MountFlags.Remount, VolumeMountPlan.Of(["rbind", "ro"]).SecondStep);

    [Theory]
    [InlineData("nfs", ":/export", "addr=files.test,rw", ":/export", "addr=10.0.0.7,vers=4")]
    [InlineData("cifs", "//files.test/share", "", "//10.0.0.7/share", "vers=4")]
    [InlineData("cifs", "//files.test", "", "//10.0.0.7", "vers=4")]
    [InlineData("cifs", "//10.1.1.1/share", "", "//10.1.1.1/share", "vers=4")]
    [InlineData("nfs", ":/export", "addr=fd00::1", ":/export", "addr=fd00::1,vers=4")]
    [InlineData("ext4", "//files.test/share", "", "//files.test/share", "vers=4")]
    public void Address_OfANetworkFileSystem_IsLookedUp(string type, string device, string option, string wantedDevice, string wantedData)
    {
        var options = VolumeOptions.Of(new Dictionary<string, string> { ["type"] = type, ["device"] = device, ["o"] = option + ",vers=4" });

        var found = VolumeAddress.Resolve(options, VolumeMountPlan.Of(options.MountOptions).Data, name => name == "files.test" ? [IPAddress.IPv6Loopback, IPAddress.Parse("10.0.0.7")] : []);

        Assert.Equal((wantedDevice, wantedData), found);
    }

    [Fact]
    public void Address_ThatIsNone_IsToldInDockersWords()
    {
        var options = VolumeOptions.Of(new Dictionary<string, string> { ["type"] = "nfs", ["device"] = ":/x", ["o"] = "addr=nowhere" });

        var failure = Assert.Throws<ErrorException>(() => VolumeAddress.Resolve(options, "addr=nowhere", _ => throw new SocketException((int)SocketError.HostNotFound)));

        Assert.Equal("error resolving passed in network volume address: lookup nowhere: no such host", failure.Message);
    }
}
