using Portal.Domain.Containers;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Cgroups;

public class LimitChangesTests
{
    private const long Mega = 1_000_000;

    [Fact]
    public void V1_MemoryRaised_RaisesTheSumFirst() => Assert.Equal(
        ["memory.memsw.limit_in_bytes=400000000", "memory.limit_in_bytes=300000000"],
        Writes(new() { MemoryBytes = 100 * Mega }, new() { MemoryBytes = 300 * Mega, MemorySwapBytes = 400 * Mega }, CgroupVersion.V1));

    [Fact]
    public void V1_MemoryLowered_LowersTheSumLast() => Assert.Equal(
        ["memory.limit_in_bytes=50000000", "memory.memsw.limit_in_bytes=60000000"],
        Writes(new() { MemoryBytes = 100 * Mega }, new() { MemoryBytes = 50 * Mega, MemorySwapBytes = 60 * Mega }, CgroupVersion.V1));

    [Fact]
    public void V1_FirstMemoryLimit_ComesBeforeTheSum() => Assert.Equal(
        ["memory.limit_in_bytes=50000000", "memory.memsw.limit_in_bytes=60000000"],
        Writes(new(), new() { MemoryBytes = 50 * Mega, MemorySwapBytes = 60 * Mega }, CgroupVersion.V1));

    [Fact]
    public void V1_SwapUnlimited_IsWrittenFirst() => Assert.Equal(
        ["memory.memsw.limit_in_bytes=-1", "memory.limit_in_bytes=200000000"],
        Writes(new() { MemoryBytes = 100 * Mega }, new() { MemoryBytes = 200 * Mega, MemorySwapBytes = -1 }, CgroupVersion.V1));

    [Fact]
    public void V2_Memory_HasALimitOfSwapAlone()
    {
        Assert.Equal(
            ["memory.max=300000000", "memory.swap.max=100000000"],
            Writes(new() { MemoryBytes = 100 * Mega }, new() { MemoryBytes = 300 * Mega, MemorySwapBytes = 400 * Mega }, CgroupVersion.V2));
        Assert.Equal(
            ["memory.max=150000000", "memory.swap.max=50000000"],
            Writes(new() { MemoryBytes = 100 * Mega, MemorySwapBytes = 200 * Mega }, new() { MemoryBytes = 150 * Mega, MemorySwapBytes = 200 * Mega }, CgroupVersion.V2));
        Assert.Equal(
            ["memory.swap.max=max"],
            Writes(new() { MemoryBytes = 100 * Mega }, new() { MemoryBytes = 100 * Mega, MemorySwapBytes = -1 }, CgroupVersion.V2));
    }

    [Fact]
    public void V1_TheRest_HasAFileEach() => Assert.Equal(
        [
            "memory.soft_limit_in_bytes=20000000", "cpu.shares=512", "cpu.cfs_period_us=50000", "cpu.cfs_quota_us=25000", "cpu.rt_period_us=1000000",
            "cpu.rt_runtime_us=1000", "cpuset.cpus=0-1", "cpuset.mems=0", "pids.max=7", "blkio.weight|blkio.bfq.weight=300",
        ],
        Writes(new(), s_rest, CgroupVersion.V1));

    [Fact]
    public void V2_TheRest_IsInItsOwnUnits() => Assert.Equal(
        ["memory.low=20000000", "cpu.weight=20", "cpu.max=25000 50000", "cpuset.cpus=0-1", "cpuset.mems=0", "pids.max=7", "io.bfq.weight|io.weight=default 2930"],
        Writes(new(), s_rest, CgroupVersion.V2));

    [Theory]
    [InlineData(2, 1)]
    [InlineData(262_144, 10_000)]
    public void V2_Shares_FillTheRangeOfWeights(long shares, long weight) =>
        Assert.Equal([$"cpu.weight={weight}"], Writes(new(), new() { CpuShares = shares }, CgroupVersion.V2));

    [Fact]
    public void V2_QuotaUnlimited_KeepsThePeriod() => Assert.Equal(
        ["cpu.max=max 50000"], Writes(new() { CpuQuota = 10_000, CpuPeriod = 50_000 }, new() { CpuQuota = -1, CpuPeriod = 50_000 }, CgroupVersion.V2));

    [Theory]
    [InlineData(CgroupVersion.V1)]
    [InlineData(CgroupVersion.V2)]
    public void PidsUnlimited_IsMax(CgroupVersion version) => Assert.Equal(["pids.max=max"], Writes(new() { PidsLimit = 5 }, new() { PidsLimit = -1 }, version));

    [Theory]
    [InlineData(CgroupVersion.V1)]
    [InlineData(CgroupVersion.V2)]
    public void Unchanged_WritesNothing(CgroupVersion version) => Assert.Empty(Writes(s_rest, s_rest, version));

    private static readonly ContainerResources s_rest = new()
    {
        MemoryReservationBytes = 20 * Mega, CpuShares = 512, CpuPeriod = 50_000, CpuQuota = 25_000, CpuRealtimePeriod = 1_000_000, CpuRealtimeRuntime = 1000,
        CpusetCpus = "0-1", CpusetMems = "0", PidsLimit = 7, BlkioWeight = 300,
    };

    private static string[] Writes(ContainerResources before, ContainerResources after, CgroupVersion version) =>
        [.. LimitChanges.Of(Build(before), Build(after), version).Select(write => $"{string.Join('|', write.Files)}={write.Value}")];

    private static OciResources Build(ContainerResources resources) => OciLimits.Build(resources, new(), BlockDeviceNumbers.None);
}
