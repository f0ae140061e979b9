using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class OciLimitsTests
{
    private static readonly BlockDeviceNumbers s_devices = new(new Dictionary<string, DeviceNumber> { ["/dev/vda"] = new(254, 0), ["/dev/sdb"] = new(8, 16) });

    [Fact]
    public void Build_Everything_IsWrittenAsTheSpecificationNamesIt()
    {
        var resources = OciLimits.Build(
            new()
            {
                MemoryBytes = 100, MemoryReservationBytes = 50, MemorySwapBytes = -1, MemorySwappiness = 0, OomKillDisabled = true, KernelMemoryTcpBytes = 7,
                CpuShares = 512, CpuQuota = -1, CpuPeriod = 5000, CpuRealtimePeriod = 1_000_000, CpuRealtimeRuntime = 1000, CpusetCpus = "0-1", CpusetMems = "0", PidsLimit = 5, BlkioWeight = 20,
                BlkioWeightDevices = [new("/dev/sdb", 30)], BlkioReadBps = [new("/dev/vda", 1), new("/dev/sdb", 2)], BlkioWriteBps = [new("/dev/vda", 3)],
                BlkioReadIops = [new("/dev/vda", 4)], BlkioWriteIops = [new("/dev/vda", 5)],
            },
            new(), s_devices);

        Assert.Equal(
            """
            {"memory":{"limit":100,"reservation":50,"swap":-1,"kernelTCP":7,"swappiness":0,"disableOOMKiller":true},
            "cpu":{"shares":512,"quota":-1,"period":5000,"cpus":"0-1","mems":"0","realtimeRuntime":1000,"realtimePeriod":1000000},
            "pids":{"limit":5},
            "blockIO":{"weight":20,"weightDevice":[{"major":8,"minor":16,"weight":30}],
            "throttleReadBpsDevice":[{"major":254,"minor":0,"rate":1},{"major":8,"minor":16,"rate":2}],
            "throttleWriteBpsDevice":[{"major":254,"minor":0,"rate":3}],
            "throttleReadIOPSDevice":[{"major":254,"minor":0,"rate":4}],
            "throttleWriteIOPSDevice":[{"major":254,"minor":0,"rate":5}]}}
            """.ReplaceLineEndings(""),
            JsonSerializer.Serialize(resources, OciJson.Default.OciResources));
    }

    [Fact]
    public void Build_NothingAsked_HasThePidsLimitOnly() => Assert.Equal(
        """{"pids":{"limit":2048}}""", JsonSerializer.Serialize(OciLimits.Build(new(), new(), BlockDeviceNumbers.None), OciJson.Default.OciResources));

    [Fact]
    public void Build_KernelWithoutThem_LeavesThemOut()
    {
        var resources = OciLimits.Build(
            new() { MemorySwappiness = 5, OomKillDisabled = true, KernelMemoryTcpBytes = 7, CpuRealtimePeriod = 1, BlkioWeightDevices = [new("/dev/gone", 10)], BlkioReadBps = [new("/dev/gone", 1)] },
            new() { Swappiness = false, OomKillDisable = false, KernelMemoryTcp = false, CpuRealtime = false, BlockWeightDevices = false, BlockThrottle = false, Pids = false },
            BlockDeviceNumbers.None);

        Assert.Equal(new(), resources);
    }

    [Fact]
    public void Build_AMemoryLimitThatCannotBeDoubled_LeavesSwapUnlimited() =>
        Assert.Equal(-1, OciLimits.Build(new() { MemoryBytes = long.MaxValue - 1 }, new(), BlockDeviceNumbers.None).Memory?.Swap);

    [Fact]
    public void OfNew_WithoutAQuota_SaysNothingOfIt()
    {
        var asked = new ContainerResources { CpuQuota = -1, CpuPeriod = 50_000 };

        Assert.Equal(-1, OciLimits.Build(asked, new(), BlockDeviceNumbers.None).Cpu?.Quota);
        Assert.Null(OciLimits.OfNew(asked, new(), BlockDeviceNumbers.None).Cpu?.Quota);
    }

    [Fact]
    public void Numbers_OfWhatIsNoBlockDevice_AreRefused()
    {
        var folder = Directory.CreateTempSubdirectory("devices").FullName;
        File.CreateSymbolicLink(folder + "/link", "/dev/null");

        Assert.Equal(
            $"{folder}/link is not a block device",
            Assert.Throws<ErrorException>(() => BlockDeviceNumbers.Read(new() { BlkioReadBps = [new(folder + "/link", 1)] })).Message);
        Assert.Equal(
            $"stat {folder}/nope: no such file or directory",
            Assert.Throws<ErrorException>(() => BlockDeviceNumbers.Read(new() { BlkioWeightDevices = [new(folder + "/nope", 10)] })).Message);
        Directory.Delete(folder, recursive: true);
    }
}
