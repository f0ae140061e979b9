using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class CapabilityTests
{
    private static readonly CapabilitySet s_host = CapabilitySet.All & ~CapabilitySet.Of("SYS_RESOURCE");

    [Fact]
    public void ParseHex_DockersDefaultMask_IsTheFourteen() => Assert.Equal(DefaultCapabilities.Set, CapabilitySet.ParseHex("00000000a80425fb"));

    [Fact]
    public void Resolve_AddAndDrop_ChangeTheDefault()
    {
        var set = DefaultCapabilities.Resolve(["sys_admin", "CAP_NET_ADMIN"], ["MKNOD"], false, s_host);

        Assert.Equal(DefaultCapabilities.Set.ToNames().Count + 1, set.ToNames().Count);
        Assert.True(set.Contains("CAP_SYS_ADMIN") && set.Contains("CAP_NET_ADMIN") && !set.Contains("CAP_MKNOD"));
    }

    [Fact]
    public void Resolve_All_IsWhatTheHostHas()
    {
        Assert.Equal(s_host & ~CapabilitySet.Of("CHOWN"), DefaultCapabilities.Resolve(["ALL"], ["CHOWN"], false, s_host));
        Assert.Equal(CapabilitySet.Of("CHOWN"), DefaultCapabilities.Resolve(["CHOWN"], ["ALL"], false, s_host));
        Assert.Equal(CapabilitySet.None, DefaultCapabilities.Resolve([], ["ALL"], false, s_host));
        Assert.Equal(s_host, DefaultCapabilities.Resolve([], [], true, s_host));
    }

    [Theory]
    [InlineData("FLY", "invalid CapAdd: unknown capability: \"CAP_FLY\"")]
    [InlineData("SYS_RESOURCE", "invalid CapAdd: unknown capability: \"CAP_SYS_RESOURCE\"")]
    public void Resolve_NotHad_IsRefused(string name, string message) =>
        Assert.Equal(message, Assert.Throws<ErrorException>(() => DefaultCapabilities.Resolve([name], [], false, s_host)).Message);
}
