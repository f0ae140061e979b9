using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Tests.Containers;

public class ResourceUpdateTests
{
    private static readonly ContainerResources s_current = new()
    {
        MemoryBytes = 100, MemorySwapBytes = 300, MemoryReservationBytes = 50, CpuShares = 512, CpuPeriod = 5000, CpuQuota = 2000, CpusetCpus = "0", CpusetMems = "0", PidsLimit = 9,
        BlkioWeight = 100, MemorySwappiness = 3, OomKillDisabled = true,
    };

    [Fact]
    public void Merge_WhatIsNotSaid_Stays() => Assert.Equal(s_current, ResourceUpdate.Merge(s_current, new()));

    [Fact]
    public void Merge_WhatIsSaid_Replaces()
    {
        var asked = new ContainerResources
        {
            MemoryBytes = 200, MemorySwapBytes = -1, MemoryReservationBytes = 60, CpuShares = 2, CpuPeriod = 6000, CpuQuota = -1, CpusetCpus = "1", CpusetMems = "0-1", PidsLimit = -1, BlkioWeight = 10,
            CpuRealtimePeriod = 4, CpuRealtimeRuntime = 3,
        };

        Assert.Equal(asked with { MemorySwappiness = 3, OomKillDisabled = true }, ResourceUpdate.Merge(s_current, asked));
    }

    [Fact]
    public void Merge_ImpliedSumBeyondNumbers_IsNoLimit() => Assert.Equal(
        -1, ResourceUpdate.Merge(new() { MemoryBytes = long.MaxValue - 1 }, new() { CpuShares = 2 }).MemorySwapBytes);

    [Fact]
    public void Merge_MemoryAboveTheSumInForce_NeedsTheSumToo()
    {
        Conflict("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time", s_current, new() { MemoryBytes = 301 });
        Assert.Equal(301, ResourceUpdate.Merge(s_current, new() { MemoryBytes = 301, MemorySwapBytes = 400 }).MemoryBytes);
    }

    [Fact]
    public void Merge_ImpliedSum_IsTakenAsItWasAndStays()
    {
        var implied = new ContainerResources { MemoryBytes = 100 };

        Assert.Equal((150, 200), Sizes(ResourceUpdate.Merge(implied, new() { MemoryBytes = 150 })));
        Conflict("Memory limit should be smaller", implied, new() { MemoryBytes = 201 });
    }

    [Fact]
    public void Merge_FirstMemoryLimit_NeedsTheSumToo() => Conflict("Memory limit should be smaller", new(), new() { MemoryBytes = 100 });

    [Theory]
    [InlineData(0, 1, 0, 1, 0, 0)] // period in force, processors asked
    [InlineData(0, 0, 1, 1, 0, 0)]
    [InlineData(1, 0, 0, 0, 1, 0)]
    [InlineData(1, 0, 0, 0, 0, 1)]
    public void Merge_ProcessorsAndQuota_ExcludeEachOther(long nanos, long period, long quota, long askedNanos, long askedPeriod, long askedQuota) => Conflict(
        "Conflicting options", new() { NanoCpus = nanos, CpuPeriod = period, CpuQuota = quota }, new() { NanoCpus = askedNanos, CpuPeriod = askedPeriod, CpuQuota = askedQuota });

    private static (long, long) Sizes(ContainerResources resources) => (resources.MemoryBytes, resources.MemorySwapBytes);

    private static void Conflict(string words, ContainerResources current, ContainerResources asked)
    {
        var error = Assert.Throws<ErrorException>(() => ResourceUpdate.Merge(current, asked)).Error;
        Assert.Equal(ErrorKind.Conflict, error.Kind);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
