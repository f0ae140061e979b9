using Portal.Api.Adapters.Hosts;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Adapters.Hosts;

public class StatsRatesTests
{
    private const ulong Second = 1_000_000_000;
    private readonly StatsRates _rates = new();
    private readonly string _id = ContainerId.New().Value;

    [Fact]
    public void Next_First_HasNoRates()
    {
        var sample = _rates.Next(Batch(0, new() { CpuTotal = 5 * Second }));
        Assert.Null(sample.Host);
        Assert.Empty(sample.Containers);
    }

    [Fact]
    public void Next_TwoSecondsLater_GivesRatesPerSecond()
    {
        _rates.Next(Batch(0, new() { CpuTotal = 10 * Second, RxBytes = 1_000, TxBytes = 5, ReadBytes = 0, WriteBytes = 100 }, total: 100 * Second, idle: 80 * Second));
        var sample = _rates.Next(Batch(2, new()
        {
            CpuTotal = 13 * Second, RxBytes = 3_000, TxBytes = 5, ReadBytes = 4_096, WriteBytes = 100, MemoryUsage = 500, MemoryInactiveFile = 200, Pids = 3,
        }, total: 104 * Second, idle: 81 * Second));

        var container = Assert.Single(sample.Containers);
        Assert.Equal(150, container.CpuPercent, 6);
        Assert.Equal((1_000, 0, 2_048, 0), (container.NetworkReceiveRate, container.NetworkTransmitRate, container.BlockReadRate, container.BlockWriteRate));
        Assert.Equal((300, 3), (container.MemoryBytes, container.Pids));
        Assert.Equal(75, sample.Host!.CpuPercent, 6);
        Assert.Equal((600, 1_000), (sample.Host.MemoryUsedBytes, sample.Host.MemoryTotalBytes));
    }

    [Fact]
    public void Next_CountersWentBack_GiveZero()
    {
        _rates.Next(Batch(0, new() { CpuTotal = 10 * Second, RxBytes = 1_000 }, total: 100, idle: 50));
        var sample = _rates.Next(Batch(1, new() { CpuTotal = 1, RxBytes = 1, MemoryUsage = 1, MemoryInactiveFile = 2 }, total: 10, idle: 5));
        var container = Assert.Single(sample.Containers);
        Assert.Equal((0, 0, 0), (container.CpuPercent, container.NetworkReceiveRate, container.MemoryBytes));
        Assert.Equal(0, sample.Host!.CpuPercent);
    }

    [Theory]
    [InlineData(0UL, 1_000)]
    [InlineData(400UL, 400)]
    [InlineData(9_223_372_036_854_771_712UL, 1_000)]
    [InlineData(ulong.MaxValue, 1_000)]
    public void Next_MemoryLimit_IsTheHostsWhenThereIsNone(ulong limit, long shown)
    {
        _rates.Next(Batch(0, new()));
        Assert.Equal(shown, Assert.Single(_rates.Next(Batch(1, new() { MemoryLimit = limit })).Containers).MemoryLimitBytes);
    }

    [Fact]
    public void Next_ContainerThatPaused_StartsAnew()
    {
        _rates.Next(Batch(0, new() { CpuTotal = 1 }));
        _rates.Next(Batch(1));
        Assert.Empty(_rates.Next(Batch(2, new() { CpuTotal = 9 * Second })).Containers);
        Assert.Single(_rates.Next(Batch(3, new() { CpuTotal = 9 * Second })).Containers);
    }

    [Fact]
    public void Next_ThrottlingCacheAndPressure_AreShares()
    {
        _rates.Next(Batch(0, new() { Periods = 100, ThrottledPeriods = 10, Pressure = new() { CpuSome = Second, MemorySome = 7 } }, pressure: new() { IoSome = 0 }));
        var sample = _rates.Next(Batch(2, new()
        {
            Periods = 120, ThrottledPeriods = 15, MemoryUsage = 500, MemoryInactiveFile = 200, Pressure = new() { CpuSome = 2 * Second, MemorySome = 7, IoSome = 9 * Second },
        }, pressure: new() { IoSome = Second }));

        var container = Assert.Single(sample.Containers);
        Assert.Equal((25, 200, new Pressure(50, 0, 100)), (container.ThrottledPercent, container.CacheBytes, container.Pressure));
        Assert.Equal(new(0, 0, 50), sample.Host!.Pressure);
    }

    [Fact]
    public void Next_EngineThatSaysNoneOfThem_GivesNone()
    {
        _rates.Next(Batch(0, new()));
        var sample = _rates.Next(Batch(1, new() { MemoryUsage = 1, MemoryInactiveFile = 2 }));

        var container = Assert.Single(sample.Containers);
        Assert.Equal((null, 1, null, null), (container.ThrottledPercent, container.CacheBytes, container.Pressure, sample.Host!.Pressure));
    }

    [Fact]
    public void Next_SameOrEarlierTime_NeverDividesByIt()
    {
        _rates.Next(Batch(5, new()));
        Assert.Empty(_rates.Next(Batch(5, new() { CpuTotal = Second })).Containers);
        Assert.Empty(_rates.Next(Batch(4, new() { CpuTotal = 2 * Second })).Containers);
    }

    [Fact]
    public void Next_NonsenseFromTheEngine_IsLeftOut()
    {
        _rates.Next(Batch(0, new()));
        Assert.Empty(_rates.Next(new ControlStatsBatch { Time = "yesterday" }).Containers);
        Assert.Empty(_rates.Next(new ControlStatsBatch { Time = "2026-01-01T00:00:01Z", Containers = [new() { Id = "<script>" }] }).Containers);
    }

    private ControlStatsBatch Batch(int second, ControlContainerStats? container = null, ulong total = 0, ulong idle = 0, ControlPressure? pressure = null)
    {
        var batch = new ControlStatsBatch
        {
            Time = $"2026-01-01T00:00:{second:00}.000000000Z",
            Host = new() { CpuTotal = total, CpuIdle = idle, MemoryTotal = 1_000, MemoryAvailable = 400, Pressure = pressure },
        };
        if (container is not null)
        {
            container.Id = _id;
            batch.Containers.Add(container);
        }

        return batch;
    }
}
