using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class ContainerDevicesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("nodes").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Read_NodeThroughALink_IsTheDeviceItLeadsTo()
    {
        File.CreateSymbolicLink(_root + "/link", "/dev/null");

        var devices = ContainerDevices.Read(new() { Image = "x", Devices = [new(_root + "/link", "/dev/mine/", "rw")], DeviceCgroupRules = ["b 8:* r"] });

        Assert.Equal([new("/dev/mine", "c", 1, 3, 0x1B6, 0, 0)], devices.Nodes);
        Assert.Equal([new(true, "rw", "c", 1, 3), new(true, "r", "b", 8, null)], devices.Rules);
    }

    [Fact]
    public void Read_Privileged_MayUseAllAndHasTheAskedOnesBeside()
    {
        var devices = ContainerDevices.Read(new() { Image = "x", Privileged = true, Devices = [new("/dev/zero", "/dev/zero", "r"), new("/dev/zero", "/dev/other", "r")], DeviceCgroupRules = ["b 8:* r"] });

        Assert.Equal([new(true, "rwm")], devices.Rules);
        Assert.Equal(("/dev/other", 1, 5), devices.Nodes.Where(node => node.Path == "/dev/other").Select(node => (node.Path, node.Major, node.Minor)).Single());
    }

    [Theory]
    [InlineData("/dev/does-not-exist", "no such file or directory")]
    [InlineData("/etc/passwd", "not a device node")]
    public void Read_NoDevice_IsRefusedInDockersWords(string path, string reason) => Assert.Equal(
        $"error gathering device information while adding custom device \"{path}\": {reason}",
        Assert.Throws<ErrorException>(() => ContainerDevices.Read(new() { Image = "x", Devices = [new(path, "/dev/x", "rwm")] })).Message);

    [Fact]
    public void Read_FolderWithoutDevices_IsRefused()
    {
        // Links in a folder are not followed: this one would lead around in a circle.
        Directory.CreateDirectory(_root + "/sub");
        File.CreateSymbolicLink(_root + "/sub/up", _root);

        Assert.EndsWith("not a device node", Assert.Throws<ErrorException>(() => ContainerDevices.Find(new(_root, "/dev/x", "rwm"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NothingAsked_IsNothing() => Assert.Same(ContainerDevices.None, ContainerDevices.Read(new() { Image = "x" }));
}
