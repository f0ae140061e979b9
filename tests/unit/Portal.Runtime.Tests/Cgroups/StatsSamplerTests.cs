using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class StatsSamplerTests : IDisposable
{
    private static readonly ContainerId s_first = new(new string('1', 64));
    private static readonly ContainerId s_second = new(new string('2', 64));
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly string _root = Directory.CreateTempSubdirectory("cgroup").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly FakeRunning _running = new();

    public StatsSamplerTests()
    {
        RecordedTree.WriteV1(_root + "/v1", s_first);
        RecordedTree.WriteV1(_root + "/v1", s_second);
        RecordedTree.WriteV2(_root + "/v2", s_first);
        RecordedTree.WriteProc(_root + "/proc");
        RecordedTree.WriteProcess(_root + "/proc", 42);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private StatsSampler Sampler(CgroupVersion version = CgroupVersion.V1) => new(
        _running, version == CgroupVersion.V1 ? RecordedTree.LocateV1(_root + "/v1") : RecordedTree.LocateV2(_root + "/v2"),
        new RuntimeOptions { DataRoot = _root }, _time, NullLogger.Instance, _root + "/proc");

    [Fact]
    public void Read_V1_IsWhatTheKernelSaid()
    {
        _running.Start(s_first, 42);
        using var sampler = Sampler(CgroupVersion.V1);
        var sample = sampler.Read(s_first)!;
        var details = sample.Details!;

        Assert.Equal((295_241_432UL, 280_000_000UL, 10_000_000UL), (sample.CpuTotal, sample.CpuUser, sample.CpuKernel));
        Assert.Equal((8UL, 4UL, 123_089_230UL), (sample.ThrottlingPeriods, sample.ThrottledPeriods, sample.ThrottledTime));
        Assert.Equal((22_798_336UL, 67_108_864UL, 344_064UL, 0UL), (sample.MemoryUsage, sample.MemoryLimit, sample.MemoryInactiveFile, sample.SwapUsage));
        Assert.Equal((1UL, 2048UL), (sample.PidsCurrent, sample.PidsLimit));
        Assert.Equal((1616UL, 1106UL, 20_971_520UL, 4096UL), (sample.RxBytes, sample.TxBytes, sample.ReadBytes, sample.WriteBytes));
        Assert.Equal((5_869_270_000_000UL, 2), (sample.SystemCpu, sample.OnlineCpus));
        Assert.Null(sample.Pressure);
        Assert.Equal([200_000_000UL, 95_241_432UL], details.PerCpu);
        Assert.Equal((67_000_000UL, 7UL), (details.MemoryMaxUsage, details.MemoryFailures));
        Assert.Equal((21_905_408UL, 42), (details.MemoryStat["total_cache"], details.MemoryStat.Count));
        Assert.Equal(["eth0", "eth1"], details.Interfaces.Select(link => link.Name));
        Assert.Equal(["Read", "Write", "Sync", "Async", "Discard", "Total"], details.BlockBytes.Select(item => item.Operation));
        Assert.Equal(new(254, 0, "Async", 21), details.BlockRequests[3]);
    }

    [Fact]
    public void Read_V2_IsTheSameInTheSameUnits()
    {
        _running.Start(s_first, 42);
        using var sampler = Sampler(CgroupVersion.V2);
        var sample = sampler.Read(s_first)!;
        var details = sample.Details!;

        Assert.Equal((5_244_491_000UL, 4_483_040_000UL, 761_450_000UL), (sample.CpuTotal, sample.CpuUser, sample.CpuKernel));
        Assert.Equal((175UL, 171UL, 11_759_544_000UL), (sample.ThrottlingPeriods, sample.ThrottledPeriods, sample.ThrottledTime));
        Assert.Equal((43_401_216UL, 104_857_600UL, 41_943_040UL, 8192UL), (sample.MemoryUsage, sample.MemoryLimit, sample.MemoryInactiveFile, sample.SwapUsage));
        Assert.Equal((1UL, 2048UL), (sample.PidsCurrent, sample.PidsLimit));
        Assert.Equal((0UL, 41_943_040UL), (sample.ReadBytes, sample.WriteBytes));
        Assert.Equal(new(new(11_759_544_000, 1_175_954_000), new(20_000, 10_000), new(4_000_000, 3_000_000)), sample.Pressure);
        Assert.Empty(details.PerCpu);
        Assert.Equal((0UL, 2UL), (details.MemoryMaxUsage, details.MemoryFailures));
        Assert.Equal([new(254, 0, "read", 0), new(254, 0, "write", 41_943_040)], details.BlockBytes);
        Assert.Equal([new(254, 0, "read", 0), new(254, 0, "write", 42)], details.BlockRequests);
    }

    [Fact]
    public void Read_V2WithoutLimitsAndPressure_IsWhatTheHostHas()
    {
        _running.Start(s_first, 42);
        var folder = $"{_root}/v2/portal/{s_first}";
        File.WriteAllText(folder + "/memory.max", "max\n");
        File.WriteAllText(folder + "/pids.max", "max\n");
        File.WriteAllText(folder + "/io.stat", "8:16 \n");
        File.Delete(folder + "/cpu.pressure");
        using var sampler = Sampler(CgroupVersion.V2);
        var sample = sampler.Read(s_first)!;

        Assert.Equal((24_684_084UL * 1024, 0UL), (sample.MemoryLimit, sample.PidsLimit));
        Assert.Null(sample.Pressure);
        Assert.Empty(sample.Details!.BlockBytes);
    }

    [Fact]
    public void Read_HostNetwork_HasNoLinksOfItsOwn()
    {
        RecordedTree.WriteProcess(_root + "/proc", 43, hostNetwork: true);
        _running.Start(s_first, 43);
        using var sampler = Sampler();
        var sample = sampler.Read(s_first)!;

        Assert.Empty(sample.Details!.Interfaces);
        Assert.Equal((0UL, 0UL), (sample.RxBytes, sample.TxBytes));
    }

    [Fact]
    public void Read_V1BeforeRecursiveCounters_TakesTheCgroupsOwn()
    {
        _running.Start(s_first, 42);
        var folder = $"{_root}/v1/blkio/portal/{s_first}";
        File.Delete(folder + "/blkio.throttle.io_service_bytes_recursive");
        File.WriteAllText(folder + "/blkio.throttle.io_service_bytes", "8:0 Read 77\nTotal 77\n");
        using var sampler = Sampler();

        Assert.Equal(77UL, sampler.Read(s_first)!.ReadBytes);
    }

    [Fact]
    public void Read_NotRunningOrNoCgroup_IsNull()
    {
        using var v1 = Sampler(CgroupVersion.V1);
        using var v2 = Sampler(CgroupVersion.V2);

        Assert.Null(v1.Read(s_first));
        _running.Start(s_second, 42);
        Assert.Null(v2.Read(s_second));
    }

    [Fact]
    public async Task Follow_OnePassServesAllAndSlowReaderGetsTheNewest()
    {
        _running.Start(s_first, 42);
        using var sampler = Sampler();
        await using var slow = sampler.FollowAsync(CancellationToken.None).GetAsyncEnumerator();
        await using var fast = sampler.FollowAsync(CancellationToken.None).GetAsyncEnumerator();

        // Readers are served in the order they came: when the fast one has a batch, the slow one's is there.
        Assert.True(await slow.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.True(await fast.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.Same(fast.Current, slow.Current);

        for (var second = 0; second < 3; second++)
        {
            await TickAsync(fast);
        }

        Assert.True(await slow.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.Same(fast.Current, slow.Current);
        Assert.Equal(4, _running.Lists);
    }

    [Fact]
    public async Task Follow_NobodyLeft_ReadsNothing()
    {
        using var sampler = Sampler();
        await foreach (var _ in sampler.FollowAsync(CancellationToken.None))
        {
            break;
        }

        await foreach (var _ in sampler.FollowAsync(s_first, CancellationToken.None))
        {
            break;
        }

        var (lists, finds) = (_running.Lists, _running.Finds);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal((1, 1), (lists, finds));
        Assert.Equal((lists, finds), (_running.Lists, _running.Finds));
    }

    [Fact]
    public async Task FollowOne_RunningThenStoppedThenRunningAgain_ComparesWithinARunOnly()
    {
        _running.Start(s_first, 42);
        using var sampler = Sampler();
        await using var one = sampler.FollowAsync(s_first, CancellationToken.None).GetAsyncEnumerator();

        Assert.True(await one.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.NotNull(one.Current.Current);
        Assert.Null(one.Current.Previous);

        var first = one.Current.Current;
        await TickAsync(one);
        Assert.Same(first, one.Current.Previous);

        _running.Stop(s_first);
        await TickAsync(one);
        Assert.Equal(default, one.Current);

        _running.Start(s_first, 44);
        await TickAsync(one);
        Assert.Equal((44, null), (one.Current.Current!.Pid, one.Current.Previous));
        Assert.Equal(0, _running.Lists);
    }

    [Fact]
    public async Task FollowOne_RestartedBetweenTwoTicks_IsNotComparedWithTheRunBefore()
    {
        _running.Start(s_first, 42);
        using var sampler = Sampler();
        await using var one = sampler.FollowAsync(s_first, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await one.MoveNextAsync().AsTask().WaitAsync(s_patience));

        _running.Start(s_first, 44);
        await TickAsync(one);

        Assert.Equal((44, null), (one.Current.Current!.Pid, one.Current.Previous));
    }

    [Fact]
    public async Task FollowOne_JoinsARunningLoop_HasTheLastReadingAtOnceUnlessItIsOfAnotherRun()
    {
        _running.Start(s_first, 42);
        using var sampler = Sampler();
        await using var first = sampler.FollowAsync(s_first, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await first.MoveNextAsync().AsTask().WaitAsync(s_patience));
        await TickAsync(first);

        await using var second = sampler.FollowAsync(s_first, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await second.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.Equal(first.Current, second.Current);

        _running.Start(s_first, 44);
        await using var third = sampler.FollowAsync(s_first, CancellationToken.None).GetAsyncEnumerator();
        var next = third.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await next.WaitAsync(s_patience));
        Assert.Equal((44, null), (third.Current.Current!.Pid, third.Current.Previous));
    }

    [Fact]
    public async Task FollowOne_BesideAFollowerOfAll_TheOthersAreReadWithoutDetails()
    {
        _running.Start(s_first, 42);
        _running.Start(s_second, 43);
        using var sampler = Sampler();
        await using var one = sampler.FollowAsync(s_first, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await one.MoveNextAsync().AsTask().WaitAsync(s_patience));
        await using var all = sampler.FollowAsync(CancellationToken.None).GetAsyncEnumerator();
        await TickAsync(all);

        Assert.Equal([s_first, s_second], all.Current.Containers.Select(sample => sample.Id));
        Assert.NotNull(all.Current.Containers[0].Details);
        Assert.Null(all.Current.Containers[1].Details);
        Assert.Equal(new(new(117_637_102_000, 0), new(1_271_000, 998_000), new(4_953_269_000, 3_484_632_000)), all.Current.Host.Pressure);
    }

    private async Task TickAsync<T>(IAsyncEnumerator<T> reader)
    {
        var next = reader.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await next.WaitAsync(s_patience));
    }
}
