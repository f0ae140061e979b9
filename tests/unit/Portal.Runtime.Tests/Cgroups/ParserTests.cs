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
    public void ProcNetDev_LinksOfKernelAndContainerItself_AreLeftOut()
    {
        Assert.Equal(
            [new("eth0", 1516, 20, 1, 2, 906, 11, 3, 4), new("eth1", 100, 1, 0, 0, 200, 2, 0, 0)],
            ProcNetDev.Parse(Utf8(RecordedTree.NetDev)));
        Assert.Equal((1616UL, 1106UL), ProcNetDev.Sum(Utf8(RecordedTree.NetDev)));
    }

    [Fact]
    public void BlockTable_V1_KeepsTheKernelsWordsAndDropsTheLastSum()
    {
        var text = Utf8("8:16 Read 5\n8:16 Discard 6\n8:0 Write 7\n8:0 Total 7\n8:0 Renamed 9\nTotal 12\n");

        Assert.Equal([new(8, 16, "Read", 5), new(8, 16, "Discard", 6), new(8, 0, "Write", 7), new(8, 0, "Total", 7)], BlockTable.ParseV1(text));
        Assert.Equal((5UL, 7UL), BlockTable.SumV1(text));
    }

    [Fact]
    public void BlockTable_V2_ReadsTheFieldsAskedForOfEveryDevice()
    {
        var text = Utf8("8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:0 \n7:0 rbytes=10 wbytes=20 rios=30 wios=40 dbytes=0 dios=0\n");

        Assert.Equal([new(8, 16, "read", 3), new(8, 16, "write", 4), new(7, 0, "read", 30), new(7, 0, "write", 40)], BlockTable.ParseV2(text, "rios="u8, "wios="u8));
        Assert.Equal((11UL, 22UL), BlockTable.SumV2(text));
    }

    [Theory]
    [InlineData("some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n", 12_000, 3_000)]
    [InlineData("some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n", 12_000, 0)]
    [InlineData("", 0, 0)]
    public void Pressure_Totals_BecomeNanoseconds(string text, ulong some, ulong full) => Assert.Equal(new Stall(some, full), PressureFiles.Parse(Utf8(text)));

    [Theory]
    [InlineData("12 0 7 \n", new ulong[] { 12, 0, 7 })]
    [InlineData("12\n", new ulong[] { 12 })]
    [InlineData("", new ulong[0])]
    public void Numbers_WithBlanksBetween_AreAllRead(string text, ulong[] expected) => Assert.Equal(expected, FlatKeyedFile.Numbers(Utf8(text)));

    [Theory]
    [InlineData("total_inactive_file 4\ninactive_file 5\n", "inactive_file", 5)]
    [InlineData("MemTotal:       24684084 kB\n", "MemTotal:", 24_684_084)]
    [InlineData("inactive_file_x 4\n", "inactive_file", 0)]
    [InlineData("inactive_file", "inactive_file", 0)]
    public void FlatKeyedFile_Find_TakesWholeKeysOnly(string text, string key, ulong expected) => Assert.Equal(expected, FlatKeyedFile.Find(Utf8(text), Utf8(key)));

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
