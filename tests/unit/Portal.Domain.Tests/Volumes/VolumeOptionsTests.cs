using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Domain.Tests.Volumes;

public sealed class VolumeOptionsTests
{
    [Theory]
    [InlineData("invalid option: \"foo\"", "foo=bar")]
    [InlineData("missing required option: \"device\"", "type=tmpfs")]
    [InlineData("missing required option: \"device\"", "type=tmpfs", "device=")]
    [InlineData("missing required option: \"type\"", "device=tmpfs")]
    [InlineData("missing required option: \"device\"", "o=size=1m")]
    [InlineData("missing required option: \"type\"", "o=ro", "device=/srv")]
    [InlineData("quota size requested but no quota support", "size=10m")]
    [InlineData("quota size requested but no quota support", "size=1.5 GiB")]
    [InlineData("invalid size: 'zz'", "size=zz")]
    [InlineData("invalid option: \"o\": a volume is mounted anew, there is nothing to remount", "type=tmpfs", "device=tmpfs", "o=ro,remount")]
    [InlineData("invalid option: \"device\": srv is no absolute path", "type=none", "device=srv", "o=bind")]
    public void Parse_WhatCannotBe_IsRefusedInDockersWords(string words, params string[] options)
    {
        var refusal = Assert.Throws<ErrorException>(() => VolumeOptions.Parse("data", Given(options)));

        Assert.Equal((ErrorKind.Invalid, "create data: " + words), (refusal.Error.Kind, refusal.Message));
    }

    [Theory]
    [InlineData(VolumeBacking.Folder)]
    [InlineData(VolumeBacking.Folder, "size=0")]
    [InlineData(VolumeBacking.Memory, "type=tmpfs", "device=tmpfs", "o=size=1m,uid=1000")]
    [InlineData(VolumeBacking.Network, "type=nfs", "device=:/export", "o=addr=10.0.0.1,rw")]
    [InlineData(VolumeBacking.Network, "type=cifs", "device=//server/share")]
    [InlineData(VolumeBacking.HostDevice, "type=ext4", "device=/dev/sdb1")]
    [InlineData(VolumeBacking.HostDevice, "type=overlay", "device=overlay", "o=lowerdir=/etc:/usr")]
    [InlineData(VolumeBacking.HostDevice, "type=proc", "device=proc")]
    [InlineData(VolumeBacking.HostFolder, "type=none", "device=/srv", "o=bind")]
    [InlineData(VolumeBacking.HostFolder, "type=none", "device=/srv", "o=ro,rbind")]
    [InlineData(VolumeBacking.HostFolder, "type=tmpfs", "device=/srv", "o=bind")]
    [InlineData(VolumeBacking.HostFolder, "type=nfs", "device=/srv", "o=addr=10.0.0.1,bind")]
    [InlineData(VolumeBacking.HostFolder, "type=none", "device=/srv")]
    public void Backing_IsWhatTheKernelWouldMount(VolumeBacking backing, params string[] options)
    {
        var parsed = VolumeOptions.Parse("data", Given(options));

        Assert.Equal(backing, parsed.Backing);
        Assert.Equal(backing == VolumeBacking.HostFolder, parsed.IsHostBind);
        Assert.Equal(backing is VolumeBacking.HostFolder or VolumeBacking.HostDevice, parsed.ReachesHost);
    }

    [Theory]
    [InlineData("username=bob,password=hunter2,vers=3.0", "username=********,password=********,vers=3.0")]
    [InlineData("ro,PASS=hunter2", "ro,PASS=********")]
    [InlineData("password=hun,,ter,,2,ro", "password=********,ro")]
    [InlineData("password=hunter2,,", "password=********")]
    [InlineData("addr=10.0.0.1,uid=1", "addr=10.0.0.1,uid=1")]
    public void Shown_HasNoAccounts(string given, string shown)
    {
        var options = VolumeOptions.Parse("data", Given("type=cifs", "device=//server/share", "o=" + given));

        Assert.Equal(shown, options.Shown!["o"]);
        Assert.DoesNotContain("hunter", string.Concat(options.Shown!.Values), StringComparison.Ordinal);
    }

    private static Dictionary<string, string>? Given(params string[] options) => options.Length == 0
        ? null
        : options.ToDictionary(option => option[..option.IndexOf('=', StringComparison.Ordinal)], option => option[(option.IndexOf('=', StringComparison.Ordinal) + 1)..]);
}
