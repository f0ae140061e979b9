using Portal.Runtime.Mounts;

namespace Portal.Runtime.Tests.Mounts;

public sealed class MountTableTests
{
    private static readonly MountTable s_table = MountTable.Parse(
    [
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
        "30 22 0:25 / /run rw shared:5 master:2 propagate_from:1 - tmpfs tmpfs rw",
        "31 30 0:26 / /run/my\\040disk rw master:3 - tmpfs tmpfs rw",
        "32 22 0:27 / /srv rw - xfs /dev/vdb rw",
        "33 22 0:28 / /srv rw shared:9 - xfs /dev/vdc rw",
        "34 33 0:29 / /srv/a/b rw - xfs /dev/vdd rw",
        "35 33 0:29 / /srv/a rw - xfs /dev/vdd rw",
        "36 33 0:4 net:[1] /srv/ns rw - nsfs nsfs rw",
        "37 33 0:5 / /srv/auto rw - autofs systemd-1 rw",
        "38 33 0:6 / /srv/closed rw unbindable - tmpfs tmpfs rw",
        "39 33 0:7 / /srvother rw - tmpfs tmpfs rw",
        "not a mount",
        "",
    ]);

    [Theory]
    [InlineData("/etc/x", "/", true, false)]
    [InlineData("/run", "/run", true, true)]
    [InlineData("/running", "/", true, false)]
    [InlineData("/run/my disk/x", "/run/my disk", false, true)]
    [InlineData("/srv/x", "/srv", true, false)]
    [InlineData("/srv/a/c", "/srv/a", false, false)]
    public void MountOf_APath_IsTheTopmostOneAboveIt(string path, string target, bool shared, bool slave)
    {
        var mount = s_table.MountOf(path);

        Assert.Equal((target, shared, slave), (mount.Target, mount.Shared, mount.Slave));
    }

    [Fact]
    public void Below_AFolder_IsWhatARecursiveBindTakesAlongParentsFirst()
    {
        Assert.Equal(["/srv/a", "/srv/a/b"], s_table.Below("/srv"));
        Assert.Empty(s_table.Below("/etc"));
        Assert.Contains("/run/my disk", s_table.Below("/"));
    }
}
