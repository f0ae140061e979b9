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
    private readonly Running _running = new();

    public StatsSamplerTests()
    {
        RecordedTree.WriteV1(_root + "/v1", s_first);
        RecordedTree.WriteV1(_root + "/v1", s_second);
        RecordedTree.WriteV2(_root + "/v2", s_first);
        RecordedTree.WriteProc(_root + "/proc", 42);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private StatsSampler Sampler(CgroupVersion version) => new(
        _running, version == CgroupVersion.V1 ? RecordedTree.LocateV1(_root + "/v1") : RecordedTree.LocateV2(_root + "/v2"),
        new RuntimeOptions { DataRoot = _root }, _time, NullLogger.Instance, _root + "/proc");

    [Fact]
    public void Read_V1_IsWhatTheKernelSaid()
    {
        _running.Containers = [(s_first, 42, false)];
        var sample = Sampler(CgroupVersion.V1).Read(s_first)!;

        Assert.Equal((295_241_432UL, 280_000_000UL, 10_000_000UL), (sample.CpuTotal, sample.CpuUser, sample.CpuKernel));
        Assert.Equal((8UL, 4UL, 123_089_230UL), (sample.ThrottlingPeriods, sample.ThrottledPeriods, sample.ThrottledTime));
        Assert.Equal((22_798_336UL, 67_108_864UL, 344_064UL), (sample.MemoryUsage, sample.MemoryLimit, sample.MemoryInactiveFile));
        Assert.Equal((21_905_408UL, 42), (sample.MemoryStat["total_cache"], sample.MemoryStat.Count));
        Assert.Equal((1UL, 2048UL), (sample.PidsCurrent, sample.PidsLimit));
        Assert.Equal([new(254, 0, "read", 20_971_520), new(254, 0, "write", 4096)], sample.Block);
        Assert.Equal("eth0", Assert.Single(sample.Interfaces).Name);
        Assert.Equal((5_869_270_000_000UL, 2), (sample.SystemCpu, sample.OnlineCpus));
    }

    [Fact]
    public void Read_V2_IsTheSameInTheSameUnits()
    {
        _running.Containers = [(s_first, 42, true)];
        var sample = Sampler(CgroupVersion.V2).Read(s_first)!;

        Assert.Equal((5_244_491_000UL, 4_483_040_000UL, 761_450_000UL), (sample.CpuTotal, sample.CpuUser, sample.CpuKernel));
        Assert.Equal((175UL, 171UL, 11_759_544_000UL), (sample.ThrottlingPeriods, sample.ThrottledPeriods, sample.ThrottledTime));
        Assert.Equal((43_401_216UL, 104_857_600UL, 41_943_040UL), (sample.MemoryUsage, sample.MemoryLimit, sample.MemoryInactiveFile));
        Assert.Equal((1UL, 2048UL), (sample.PidsCurrent, sample.PidsLimit));
        Assert.Equal([new(254, 0, "read", 0), new(254, 0, "write", 41_943_040)], sample.Block);
        Assert.Empty(sample.Interfaces);
    }

    [Fact]
    public void Read_V2WithoutLimits_IsThoseOfTheHost()
    {
        _running.Containers = [(s_first, 42, false)];
        var folder = $"{_root}/v2/portal/{s_first}";
        File.WriteAllText(folder + "/memory.max", "max\n");
        File.WriteAllText(folder + "/pids.max", "max\n");
        File.WriteAllText(folder + "/io.stat", "8:16 \n");
        var sample = Sampler(CgroupVersion.V2).Read(s_first)!;

        Assert.Equal((24_684_084UL * 1024, 0UL), (sample.MemoryLimit, sample.PidsLimit));
        Assert.Empty(sample.Block);
    }

    [Fact]
    public void Read_NotRunningOrNoCgroup_IsNull()
    {
        Assert.Null(Sampler(CgroupVersion.V1).Read(s_first));
        _running.Containers = [(s_second, 42, false)];
        Assert.Null(Sampler(CgroupVersion.V2).Read(s_second));
    }

    [Fact]
    public void Pass_ContainerVanishesAndComesBack_IsLeftOutMeanwhile()
    {
        _running.Containers = [(s_first, 42, false), (s_second, 43, false)];
        using var sampler = Sampler(CgroupVersion.V1);
        using var host = new HostReader(_root + "/proc", _root, _time);
        var open = new Dictionary<ContainerId, ICgroup>();
        var buffer = new byte[64 * 1024];

        var before = sampler.Pass(host, open, buffer);
        _running.Containers = [(s_first, 42, false)];
        var after = sampler.Pass(host, open, buffer);

        Assert.Equal([s_first, s_second], before.Containers.Select(sample => sample.Id));
        Assert.Empty(before.Containers[1].Interfaces);
        Assert.Equal([s_first], after.Containers.Select(sample => sample.Id));
        Assert.Equal([s_first], open.Keys);
        Assert.Equal((3.26, 20_000_000UL * 1024), (after.Host.Load1, after.Host.MemoryAvailable));
        Assert.True(after.Host.DiskTotal >= after.Host.DiskFree && after.Host.DiskFree > 0);

        Directory.Delete($"{_root}/v1/cpuacct/portal/{s_second}", recursive: true);
        _running.Containers = [(s_first, 42, false), (s_second, 43, false)];
        Assert.Equal([s_first], sampler.Pass(host, open, buffer).Containers.Select(sample => sample.Id));
        Assert.Equal([s_first], open.Keys);

        RecordedTree.WriteV1(_root + "/v1", s_second);
        Assert.Equal(2, sampler.Pass(host, open, buffer).Containers.Count);
        foreach (var cgroup in open.Values)
        {
            cgroup.Dispose();
        }
    }

    [Fact]
    public async Task Follow_OnePassServesAllAndSlowReaderGetsTheNewest()
    {
        _running.Containers = [(s_first, 42, false)];
        using var sampler = Sampler(CgroupVersion.V1);
        await using var slow = sampler.FollowAsync(CancellationToken.None).GetAsyncEnumerator();
        await using var fast = sampler.FollowAsync(CancellationToken.None).GetAsyncEnumerator();

        // Readers are served in the order they came: when the fast one has a batch, the slow one's is there.
        Assert.True(await slow.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.True(await fast.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.Same(fast.Current, slow.Current);

        for (var second = 0; second < 3; second++)
        {
            var next = fast.MoveNextAsync().AsTask();
            Assert.False(next.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(await next.WaitAsync(s_patience));
        }

        Assert.True(await slow.MoveNextAsync().AsTask().WaitAsync(s_patience));
        Assert.Same(fast.Current, slow.Current);
        Assert.Equal(4, _running.Calls);
    }

    [Fact]
    public async Task Follow_NobodyLeft_ReadsNothing()
    {
        using var sampler = Sampler(CgroupVersion.V1);
        await foreach (var _ in sampler.FollowAsync(CancellationToken.None))
        {
            break;
        }

        var calls = _running.Calls;
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(1, calls);
        Assert.Equal(calls, _running.Calls);
    }

    private sealed class Running : IRunningContainers
    {
        private int _calls;

        public int Calls => _calls;

        public IReadOnlyList<(ContainerId Id, int Pid, bool HostNetwork)> Containers { get; set; } = [];

        public IReadOnlyList<(ContainerId Id, int Pid, bool HostNetwork)> List()
        {
            Interlocked.Increment(ref _calls);
            return Containers;
        }
    }
}
