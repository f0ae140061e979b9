using System.Text;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Engine.Mapping;

public sealed class MountMappingTests
{
    [Fact]
    public void Map_EveryForm_IsTakenOver()
    {
        var mounts = Map(
            """
            {"Binds":["vol:/b:nocopy","/x/../a/:/c//d/:rshared,z","/only"],"Tmpfs":{"/t/":"size=1m"},
            "Mounts":[{"Type":"bind","Source":"/s","Target":"/m","ReadOnly":true,"BindOptions":{"CreateMountpoint":true,"NonRecursive":true}},{"Type":"volume","Target":"/anon"},
            {"Type":"volume","Source":"v","Target":"/sub","VolumeOptions":{"Subpath":"a/b","Labels":{"k":"v"}}},
            {"Type":"tmpfs","Target":"/tm","TmpfsOptions":{"SizeBytes":4096,"Mode":1023,"Options":[["exec"]]}},{"Type":"image","Source":"i","Target":"/i","ImageOptions":{"Subpath":"etc"}}]}
            """,
            "/data", "/b");

        Assert.Equal(
            [
                new(MountKind.Volume, "vol", "/b", false) { Origin = MountOrigin.Binds, Mode = "nocopy", NoCopy = true },
                new(MountKind.Bind, "/a", "/c/d", false) { Origin = MountOrigin.Binds, Mode = "rshared,z", CreateSource = true, Propagation = "rshared" },
                new(MountKind.Volume, "", "/only", false) { Origin = MountOrigin.Binds },
                new(MountKind.Bind, "/s", "/m", true) { CreateSource = true, NonRecursive = true },
                new(MountKind.Volume, "", "/anon", false),
                new(MountKind.Volume, "v", "/sub", false) { Subpath = "a/b" },
                new(MountKind.Tmpfs, "", "/tm", false) { TmpfsSizeBytes = 4096, TmpfsMode = 1023, TmpfsOptions = "exec" },
                new(MountKind.Image, "i", "/i", true) { Subpath = "etc" },
                new(MountKind.Tmpfs, "", "/t", false) { Origin = MountOrigin.Tmpfs, TmpfsOptions = "size=1m" },
                new MountSpec(MountKind.Volume, "", "/data", false) { Origin = MountOrigin.Volumes },
            ],
            mounts.Select(mount => mount with { AsGiven = "", VolumeLabels = new MountSpec(MountKind.Bind, "", "", false).VolumeLabels }));
        Assert.Equal("v", mounts[5].VolumeLabels["k"]);
    }

    [Theory]
    [InlineData("""{"Binds":["/a//x:/b/:ro,z","v:/c"],"Mounts":null,"Tmpfs":null}""")]
    [InlineData("""{"Binds":null,"Mounts":[{"Type":"bind","Source":"/s/","Target":"/m/","ReadOnly":true,"Consistency":"cached","BindOptions":{"Propagation":"rslave"}}],"Tmpfs":null}""")]
    [InlineData("""{"Binds":null,"Mounts":[{"Type":"volume","Target":"/a","VolumeOptions":{"Labels":{"k":"v"},"DriverConfig":{}}},{"Type":"tmpfs","Target":"/t"}],"Tmpfs":{"/x/":"size=1m"}}""")]
    [InlineData("""{"Binds":null,"Mounts":[{"Type":"image","Source":"busybox","Target":"/i","ImageOptions":{"Subpath":"etc"}}],"Tmpfs":null}""")]
    public void Show_WhatWasMapped_IsWhatWasGiven(string given)
    {
        var shown = new HostConfig();

        MountMapping.Show(new ContainerSpec { Image = "i", Mounts = Map(given) }, shown);

        var expected = Host(given);
        Assert.Equal(expected.Binds, shown.Binds);
        Assert.Equal(Json(expected.Mounts), Json(shown.Mounts));
        Assert.Equal(expected.Tmpfs, shown.Tmpfs);
    }

    [Theory]
    [InlineData("/a:/b:foo", "invalid mode: foo")]
    [InlineData("/a:/b:ro,rw", "invalid mode: ro,rw")]
    [InlineData("/a:/b:z,Z", "invalid mode: z,Z")]
    [InlineData("/a:/b:shared,slave", "invalid mode: shared,slave")]
    [InlineData("/a:/b:ro,", "invalid mode: ro,")]
    [InlineData("/a:/b:copy", "invalid mode: copy")]
    [InlineData("", "invalid volume specification: ''")]
    [InlineData(":/b", "invalid volume specification: ':/b'")]
    [InlineData("/a:rw", "invalid volume specification: '/a:rw'")]
    [InlineData("/a:/b:ro:z", "invalid volume specification: '/a:/b:ro:z'")]
    [InlineData("/a:b", "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' mount path must be absolute")]
    [InlineData("/a:/b/..", "invalid volume specification: '/a:/b/..': invalid mount config for type \"bind\": invalid specification: destination can't be '/'")]
    [InlineData("v:.", "invalid volume specification: 'v:.': invalid mount config for type \"volume\": invalid specification: destination can't be '/'")]
    [InlineData("/a:/b:nocopy", "invalid volume specification: '/a:/b:nocopy': invalid mount config for type \"bind\": field VolumeOptions must not be specified")]
    [InlineData("v:/b:rshared", "invalid volume specification: 'v:/b:rshared': invalid mount config for type \"volume\": field BindOptions must not be specified")]
    public void Bind_ThatIsWrong_IsRefusedInDockersWords(string bind, string message) => Refused(JsonSerializer.Serialize(new { Binds = new[] { bind } }), message);

    [Theory]
    [InlineData("""{"Type":"bind","Source":"/a"}""", "invalid mount config for type \"bind\": field Target must not be empty")]
    [InlineData("""{"Type":"bind","Target":"/b"}""", "invalid mount config for type \"bind\": field Source must not be empty")]
    [InlineData("""{"Type":"bind","Source":"a","Target":"/b"}""", "invalid mount config for type \"bind\": invalid mount path: 'a' mount path must be absolute")]
    [InlineData("""{"Type":"bind","Source":"/a","Target":"b"}""", "invalid mount config for type \"bind\": invalid mount path: 'b' mount path must be absolute")]
    [InlineData("""{"Type":"bind","Source":"/a","Target":"/b/.."}""", "invalid mount config for type \"bind\": invalid specification: destination can't be '/'")]
    [InlineData("""{"Type":"bind","Source":"/a","Target":"/b","BindOptions":{"Propagation":"half"}}""", "invalid mount config for type \"bind\": invalid propagation mode: half")]
    [InlineData("""{"Type":"bind","Source":"/a","Target":"/b","TmpfsOptions":{}}""", "TmpfsOptions must not be specified on mount type \"bind\"")]
    [InlineData("""{"Type":"tmpfs","Target":"/b","ImageOptions":{}}""", "invalid mount config for type \"tmpfs\": field ImageOptions must not be specified")]
    [InlineData("""{"Type":"tmpfs","Source":"x","Target":"/b"}""", "invalid mount config for type \"tmpfs\": field Source must not be specified")]
    [InlineData("""{"Type":"tmpfs","Target":"/b","TmpfsOptions":{"Options":[["uid","5"]]}}""", "invalid mount config for type \"tmpfs\": invalid option: uid")]
    [InlineData("""{"Type":"tmpfs","Target":"/b","TmpfsOptions":{"Options":[[]]}}""", "invalid mount config for type \"tmpfs\": invalid option array length")]
    [InlineData("""{"Type":"image","Target":"/b"}""", "invalid mount config for type \"image\": field Source must not be empty")]
    [InlineData("""{"Type":"nothing","Target":"/b"}""", "invalid mount config for type \"nothing\": mount type unknown")]
    [InlineData("""{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,"BindOptions":{"ReadOnlyNonRecursive":true,"ReadOnlyForceRecursive":true}}""", "mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive")]
    public void Mount_ThatIsWrong_IsRefusedInDockersWords(string mount, string message) => Refused($$"""{"Mounts":[{{mount}}]}""", message);

    [Theory]
    [InlineData("""{"Tmpfs":{"x":""}}""", "invalid mount path: 'x' mount path must be absolute")]
    [InlineData("""{"Tmpfs":{"/":""}}""", "invalid specification: destination can't be '/'")]
    public void Tmpfs_ThatIsWrong_IsRefusedInDockersWords(string host, string message) => Refused(host, message);

    [Theory]
    [InlineData(43, """{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,"BindOptions":{"ReadOnlyForceRecursive":true}}""", "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer")]
    [InlineData(44, """{"Type":"volume","Source":"v","Target":"/b","VolumeOptions":{"Subpath":"x"}}""", "VolumeOptions.Subpath needs API v1.45 or newer")]
    [InlineData(47, """{"Type":"image","Source":"v","Target":"/b"}""", "Mount type \"Image\" needs API v1.48 or newer")]
    public void Mount_TooNewForTheVersion_IsRefused(int minor, string mount, string message) => Refused($$"""{"Mounts":[{{mount}}]}""", message, new(1, minor));

    [Fact]
    public void Mount_OfAnOldClient_MeansWhatItMeantThen()
    {
        var host = Host("""{"Binds":["/a:/b:ro"],"Mounts":[{"Type":"bind","Source":"/a","Target":"/c","ReadOnly":true,"BindOptions":{"NonRecursive":true,"CreateMountpoint":true},"VolumeOptions":{}}]}""");

        var mounts = MountMapping.Map(null, host, new(1, 39));

        Assert.All(mounts, mount => Assert.Equal(ReadOnlyReach.TopOnly, mount.ReadOnlyReach));
        Assert.False(mounts[1].NonRecursive);
        Assert.False(mounts[1].CreateSource);
    }

    private static List<MountSpec> Map(string host, params string[] anonymous) =>
        MountMapping.Map(anonymous.ToDictionary(target => target, _ => new EmptyObject()), Host(host), ApiVersion.Highest);

    private static void Refused(string host, string message, ApiVersion? version = null)
    {
        var error = Assert.Throws<ErrorException>(() => MountMapping.Map(null, Host(host), version ?? ApiVersion.Highest)).Error;

        Assert.Equal((ErrorKind.Invalid, message), (error.Kind, error.Message));
    }

    private static HostConfig Host(string json) => JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(json), EngineJson.Default.HostConfig)!;

    private static string Json(List<MountItem>? mounts) => string.Join('\n', (mounts ?? []).Select(mount => JsonSerializer.Serialize(mount, EngineJson.Default.MountItem)));
}
