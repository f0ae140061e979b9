using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Tests.UserNamespaces;

public sealed class IdMappingTests
{
    private const string SubIds = "# a comment\nann:100000:65536\nbob:165536:1000\n1001:300000:10\nbob:200000:500\nbroken:x:5\nshort:1\n";

    private static readonly IdMappings s_bob = new([new(0, 165_536, 1000), new(1000, 200_000, 500)], [new(0, 400_000, 10)]);

    [Fact]
    public void RangesOf_SeveralLines_AreOneBlockInside()
    {
        Assert.Equal(s_bob.Users, SubordinateIds.RangesOf(SubIds, "bob", 1000));
        Assert.Equal([new IdRange(0, 300_000, 10)], SubordinateIds.RangesOf(SubIds, "eve", 1001));
        Assert.Empty(SubordinateIds.RangesOf(SubIds, "broken", 7));
        Assert.Empty(SubordinateIds.RangesOf("", "bob", 1000));
    }

    [Theory]
    [InlineData("", 100_000)]
    [InlineData("a:100000:65536\n", 165_536)]
    [InlineData("a:165536:65536\nb:100000:65536\n", 231_072)]
    [InlineData("a:150000:10\n", 150_010)]
    [InlineData("a:500:99500\n", 100_000)]
    public void NextFree_Range_TouchesNobodys(string text, ulong start) => Assert.Equal(start, SubordinateIds.NextFree(text));

    [Theory]
    [InlineData(0, 165_536)]
    [InlineData(999, 166_535)]
    [InlineData(1000, 200_000)]
    [InlineData(1500, IdMappings.Overflow)]
    public void Users_InsideAndOutside_AreEachOthersInverse(uint inside, uint outside)
    {
        Assert.Equal(outside, s_bob.UserOutside(inside));
        Assert.Equal(inside < 1500 ? inside : IdMappings.Overflow, s_bob.UserInside(outside));
        Assert.Equal(inside < 1500, s_bob.MapsUser(outside));
    }

    [Fact]
    public void Equality_IsOfTheRanges()
    {
        Assert.Equal(new([new(0, 165_536, 1000), new(1000, 200_000, 500)], [new(0, 400_000, 10)]), s_bob);
        Assert.NotEqual(new([new(0, 165_536, 1000)], [new(0, 400_000, 10)]), s_bob);
        Assert.Equal((165_536u, 400_000u), (s_bob.RootUser, s_bob.RootGroup));
    }

    [Theory]
    [InlineData("bob", 165_536, 165_536)]
    [InlineData("1000", 165_536, 165_536)]
    [InlineData("bob:staff", 165_536, 700_000)]
    [InlineData("bob:50", 165_536, 700_000)]
    [InlineData("default", 100_000, 100_000)]
    public void Resolve_Setting_FindsTheRangesOfUserAndGroup(string setting, uint user, uint group)
    {
        var mappings = Resolve(setting);

        Assert.Equal((user, group), (mappings.RootUser, mappings.RootGroup));
    }

    [Theory]
    [InlineData("a:b:c", "invalid user/group specification \"a:b:c\"; use default, user, user:group, uid or uid:gid")]
    [InlineData("bob:", "invalid user/group specification \"bob:\"; use default, user, user:group, uid or uid:gid")]
    [InlineData("nobody", "there is no user nobody on this machine")]
    [InlineData("bob:nobody", "there is no group nobody on this machine")]
    [InlineData("root", "root cannot be remapped to itself")]
    [InlineData("poor", "/etc/subuid gives no uids to poor")]
    [InlineData("mad", "/etc/subuid gives the host's root to mad; containers are not to have it")]
    public void Resolve_SettingThatCannotBe_SaysWhy(string setting, string message) => Assert.Equal(message, Assert.Throws<ErrorException>(() => Resolve(setting)).Message);

    [Fact]
    public void MappingsFor_OrdinaryContainer_AreTheSettings()
    {
        Assert.Equal(s_bob, UserRemap.MappingsFor(new() { Image = "x" }, s_bob));
        Assert.Null(UserRemap.MappingsFor(new() { Image = "x" }, null));
        Assert.Null(UserRemap.MappingsFor(new() { Image = "x", Privileged = true, NetworkMode = "host", PidMode = new(NamespaceKind.Host), UserNamespaceMode = new(NamespaceKind.Host) }, s_bob));
    }

    [Theory]
    [InlineData("privileged", "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode")]
    [InlineData("network", "cannot share the host's network namespace when user namespaces are enabled")]
    [InlineData("pid", "cannot share the host PID namespace when user namespaces are enabled")]
    public void MappingsFor_WhatAUserNamespaceCannotHave_IsRefused(string what, string message)
    {
        var spec = new ContainerSpec { Image = "x" };
        spec = what switch
        {
            "privileged" => spec with { Privileged = true },
            "network" => spec with { NetworkMode = "host" },
            _ => spec with { PidMode = new(NamespaceKind.Host) },
        };

        Assert.Equal(message, Assert.Throws<ErrorException>(() => UserRemap.MappingsFor(spec, s_bob)).Message);
        Assert.Null(UserRemap.MappingsFor(spec, null));
    }

    private static IdMappings Resolve(string setting) => UserRemapSetting.Resolve(
        setting,
        text => text switch
        {
            "bob" or "1000" => new("bob", 1000),
            "root" => new("root", 0),
            "poor" => new("poor", 5),
            "mad" => new("mad", 6),
            UserRemapSetting.DefaultUser => new(UserRemapSetting.DefaultUser, 900),
            _ => null,
        },
        text => text is "staff" or "50" ? new SystemAccount("staff", 50) : null,
        SubIds + "mad:0:1000\nportal-remap:100000:65536\n",
        SubIds + "staff:700000:100\nmad:5:5\nportal-remap:100000:65536\n");
}
