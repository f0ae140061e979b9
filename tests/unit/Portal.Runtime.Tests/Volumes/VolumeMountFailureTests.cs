using Portal.Domain.Volumes;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Tests.Volumes;

public sealed class VolumeMountFailureTests
{
    [Theory]
    [InlineData("nfs", ":/export", "addr=10.0.0.7,vers=4", Errno.ECONNREFUSED, "mount :/export:/v/_data, data: addr=10.0.0.7,vers=4: connection refused (the server does not answer; ")]
    [InlineData("nfs", ":/export", "addr=10.0.0.7,ro", Errno.EACCES, "mount :/export:/v/_data, flags: 0x1, data: addr=10.0.0.7: permission denied (the server refuses it; ")]
    [InlineData("nfs", ":/export", "vers=4", Errno.EINVAL, "(nfs needs the server's address: addr=)")]
    [InlineData("nfs", ":/export", "addr=10.0.0.7", Errno.ENOENT, "(the server has no :/export)")]
    [InlineData("nfs", ":/export", "addr=10.0.0.7", Errno.ENODEV, "no such device (the kernel has no file system nfs; ")]
    [InlineData("cifs", "//files/share", "username=bob,password=hunter2", Errno.EACCES, "data: username=********,password=********: permission denied (")]
    [InlineData("none", "/srv", "bind", Errno.ENOENT, "mount /srv:/v/_data, flags: 0x1000: no such file or directory (there is no /srv on the host)")]
    [InlineData("ext4", "/dev/sdb1", "", Errno.EBUSY, "mount /dev/sdb1:/v/_data: device or resource busy (it is in use")]
    public void Of_AnErrno_IsDockersWordsAndWhatToLookAt(string type, string device, string o, Errno errno, string words)
    {
        var options = VolumeOptions.Of(new Dictionary<string, string> { ["type"] = type, ["device"] = device, ["o"] = o });
        var volume = new VolumeSnapshot("v", "/v/_data", DateTimeOffset.UnixEpoch, new Dictionary<string, string>(), Anonymous: false) { Options = options };

        var told = VolumeMountFailure.Of(volume, VolumeMountPlan.Of(options.MountOptions).Flags, errno);

        Assert.StartsWith("failed to mount local volume: mount ", told, StringComparison.Ordinal);
        Assert.Contains(words, told, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", told, StringComparison.Ordinal);
    }
}
