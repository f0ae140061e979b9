using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Tests.Containers;

public sealed class ResourceFitTests
{
    private static readonly LimitSupport s_none = new()
    {
        Memory = false, Swap = false, MemoryReservation = false, OomKillDisable = false, Swappiness = false, KernelMemoryTcp = false, CpuShares = false, CpuQuota = false,
        CpuRealtime = false, Cpuset = false, BlockWeight = false, BlockWeightDevices = false, BlockThrottle = false, Pids = false,
    };

    [Fact]
    public void Fit_KernelKeepsAll_ChangesNothing()
    {
        var asked = new ContainerResources { MemoryBytes = 10, MemorySwappiness = 5, CpusetCpus = "0", BlkioWeight = 10, PidsLimit = 3, CpuRealtimeRuntime = 1 };
        var warnings = new List<string>();

        Assert.Equal(asked, ResourceFit.Fit(asked, new() { Cpus = "0-1" }, warnings));
        Assert.Empty(warnings);
    }

    [Fact]
    public void Fit_KernelKeepsNothing_DropsAllAndSaysSo()
    {
        List<BlockLimit> device = [new("/dev/vda", 100)];
        var asked = new ContainerResources
        {
            MemoryBytes = 10, MemoryReservationBytes = 5, MemorySwappiness = 5, OomKillDisabled = true, KernelMemoryTcpBytes = 7, CpuShares = 5, CpuPeriod = 1000, CpuQuota = 1000, CpusetCpus = "9",
            PidsLimit = 3, BlkioWeight = 10, BlkioWeightDevices = device, BlkioReadBps = device, BlkioWriteBps = device, BlkioReadIops = device, BlkioWriteIops = device,
        };
        var warnings = new List<string>();

        var kept = ResourceFit.Fit(asked, s_none, warnings);

        Assert.Equal(new() { MemorySwapBytes = -1 }, kept);
        Assert.Equal(15, warnings.Count);
        Assert.Contains("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.", warnings);
        Assert.Contains("Your kernel does not support OomKillDisable. OomKillDisable discarded.", warnings);
    }

    [Fact]
    public void Fit_NoSwapAccounting_LimitsMemoryAlone()
    {
        var warnings = new List<string>();

        Assert.Equal(-1, ResourceFit.Fit(new() { MemoryBytes = 10 }, new() { Swap = false }, warnings).MemorySwapBytes);
        Assert.Equal("Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.", Assert.Single(warnings));
    }

    [Fact]
    public void Fit_OomKillerOffWithoutLimit_Warns()
    {
        var warnings = new List<string>();

        Assert.True(ResourceFit.Fit(new() { OomKillDisabled = true }, new(), warnings).OomKillDisabled);
        Assert.StartsWith("OOM killer is disabled for the container, but no memory limit is set", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_AbsentProcessors_AreRefused()
    {
        static string Refusal(ContainerResources asked) => Assert.Throws<ErrorException>(() => ResourceFit.Fit(asked, new() { Cpus = "0-1", Mems = "0" }, [])).Message;

        Assert.Equal("Requested CPUs are not available - requested 0-2, available: 0-1", Refusal(new() { CpusetCpus = "0-2" }));
        Assert.Equal("Requested memory nodes are not available - requested 1, available: 0", Refusal(new() { CpusetMems = "1" }));
    }

    [Fact]
    public void Fit_RealtimeWithoutScheduler_IsRefused() => Assert.Equal(
        "kernel does not support CPU real-time scheduler", Assert.Throws<ErrorException>(() => ResourceFit.Fit(new() { CpuRealtimePeriod = 5 }, new() { CpuRealtime = false }, [])).Message);
}
