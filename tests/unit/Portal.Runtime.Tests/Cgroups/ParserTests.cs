using System.Text;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class ParserTests
{
    private static ReadOnlySpan<byte> Utf8(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void ProcStat_AllModes_AreSummedOnce()
    {
        var stat = ProcStat.Parse(Utf8(RecordedTree.ProcStat));

        Assert.Equal(new ProcStat(5_869_270_000_000, 4_053_670_000_000, 2), stat);
    }

    [Fact]
    public void ProcMeminfo_Kibibytes_BecomeBytes() =>
        Assert.Equal(new ProcMeminfo(24684084UL * 1024, 20000000UL * 1024), ProcMeminfo.Parse(Utf8(RecordedTree.Meminfo)));

    [Fact]
    public void ProcNetDev_Loopback_IsLeftOut() =>
        Assert.Equal([new InterfaceSample("eth0", 1516, 20, 1, 2, 906, 11, 3, 4)], ProcNetDev.Parse(Utf8(RecordedTree.NetDev)));

    [Fact]
    public void CounterTable_KeysChange_LayoutFollows()
    {
        CounterTable.Layout? layout = null;
        var first = CounterTable.Parse("a 1\nb 2\n"u8, ref layout);
        var shared = layout;
        var second = CounterTable.Parse("a 3\nb 4\n"u8, ref layout);

        Assert.Same(shared, layout);
        var third = CounterTable.Parse("a 5\nnew 6\nb 7\n"u8, ref layout);

        Assert.Equal([new("a", 1), new("b", 2)], first);
        Assert.Equal(4UL, second["b"]);
        Assert.Equal((6UL, 7UL, 3), (third["new"], third["b"], third.Count));
        Assert.False(first.TryGetValue("new", out _));
    }

    [Fact]
    public void FlatKeyedFile_LinesWithoutNumber_ArePassedOver() => Assert.Equal(18446744073709551615UL, FlatKeyedFile.Find("bad\nlimit max\nx 18446744073709551615"u8, "x"u8));

    [Theory]
    [InlineData("max\n", 0)]
    [InlineData("12\n", 12)]
    [InlineData("", 0)]
    public void Single_MaxAndNothing_AreTheGivenValue(string text, ulong expected) => Assert.Equal(expected, FlatKeyedFile.Single(Utf8(text)));

    [Fact]
    public void Locator_Hybrid_IsV1()
    {
        var locator = CgroupLocator.Parse(
        [
            "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
            "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
            "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd",
            "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
            "not a mount",
        ]);

        Assert.Equal((CgroupVersion.V1, "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", null), (locator.Version, locator.PathOf("cpuacct"), locator.PathOf("memory"), locator.PathOf("pids")));
    }

    [Fact]
    public void Locator_UnifiedAlone_IsV2()
    {
        var locator = CgroupLocator.Parse(["30 23 0:26 / /sys/fs/my\\040cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"]);

        Assert.Equal((CgroupVersion.V2, "/sys/fs/my cgroup"), (locator.Version, locator.PathOf("memory")));
    }
}
