namespace Portal.Runtime.Cgroups;

/// <summary>A cgroup in v1 hierarchies, one folder per controller.</summary>
internal sealed class CgroupV1 : ICgroup
{
    // A limit as good as none: the largest number of pages, in bytes.
    private const ulong NoLimit = 0x7FFF_FFFF_FFFF_0000;

    // USER_HZ is 100 on every architecture this runs on.
    private const ulong NanosecondsPerTick = 10_000_000;

    private static CounterTable.Layout? s_memoryLayout;

    private readonly CounterFile _cpuUsage, _cpuStat, _cpuEach, _throttling, _memoryUsage, _memoryMaxUsage, _memoryLimit, _memoryFailures, _memoryStat,
        _pidsCurrent, _pidsMax, _blockBytes, _blockRequests, _oldBlockBytes, _oldBlockRequests;

    /// <param name="locator">Mount points.</param>
    /// <param name="path">Below them, with a leading slash.</param>
    public CgroupV1(CgroupLocator locator, string path)
    {
        _cpuUsage = File("cpuacct", "cpuacct.usage");
        _cpuStat = File("cpuacct", "cpuacct.stat");
        _cpuEach = File("cpuacct", "cpuacct.usage_percpu");
        _throttling = File("cpu", "cpu.stat");
        _memoryUsage = File("memory", "memory.usage_in_bytes");
        _memoryMaxUsage = File("memory", "memory.max_usage_in_bytes");
        _memoryLimit = File("memory", "memory.limit_in_bytes");
        _memoryFailures = File("memory", "memory.failcnt");
        _memoryStat = File("memory", "memory.stat");
        _pidsCurrent = File("pids", "pids.current");
        _pidsMax = File("pids", "pids.max");
        _blockBytes = File("blkio", "blkio.throttle.io_service_bytes_recursive");
        _blockRequests = File("blkio", "blkio.throttle.io_serviced_recursive");

        // Before Linux 5.5 a cgroup's own requests only.
        _oldBlockBytes = File("blkio", "blkio.throttle.io_service_bytes");
        _oldBlockRequests = File("blkio", "blkio.throttle.io_serviced");

        // A controller that is not mounted gives files that do not exist.
        CounterFile File(string controller, string name) => new($"{locator.PathOf(controller) ?? "/nonexistent"}{path}/{name}");
    }

    public bool TryRead(Span<byte> buffer, bool detailed, out CgroupCounters counters)
    {
        counters = default;
        var usage = _cpuUsage.Read(buffer);
        if (usage.IsEmpty)
        {
            return false;
        }

        counters.CpuTotal = FlatKeyedFile.Single(usage);
        var cpu = _cpuStat.Read(buffer);
        counters.CpuUser = FlatKeyedFile.Find(cpu, "user"u8) * NanosecondsPerTick;
        counters.CpuKernel = FlatKeyedFile.Find(cpu, "system"u8) * NanosecondsPerTick;
        var throttling = _throttling.Read(buffer);
        counters.Periods = FlatKeyedFile.Find(throttling, "nr_periods"u8);
        counters.ThrottledPeriods = FlatKeyedFile.Find(throttling, "nr_throttled"u8);
        counters.ThrottledTime = FlatKeyedFile.Find(throttling, "throttled_time"u8);
        counters.MemoryUsage = FlatKeyedFile.Single(_memoryUsage.Read(buffer));
        counters.MemoryLimit = FlatKeyedFile.Single(_memoryLimit.Read(buffer), ulong.MaxValue) is var limit and < NoLimit ? limit : ulong.MaxValue;
        counters.PidsCurrent = FlatKeyedFile.Single(_pidsCurrent.Read(buffer));
        counters.PidsLimit = FlatKeyedFile.Single(_pidsMax.Read(buffer));
        var memory = _memoryStat.Read(buffer);
        counters.MemoryInactiveFile = FlatKeyedFile.Find(memory, "total_inactive_file"u8);
        counters.SwapUsage = FlatKeyedFile.Find(memory, "total_swap"u8);
        var memoryStat = detailed ? CounterTable.Parse(memory, ref s_memoryLayout) : null;
        var block = Block(_blockBytes, _oldBlockBytes, buffer);
        (counters.ReadBytes, counters.WriteBytes) = BlockTable.SumV1(block);
        if (detailed)
        {
            counters.Details = new()
            {
                Version = CgroupVersion.V1,
                MemoryStat = memoryStat!,
                BlockBytes = BlockTable.ParseV1(block),
                BlockRequests = BlockTable.ParseV1(Block(_blockRequests, _oldBlockRequests, buffer)),
                MemoryMaxUsage = FlatKeyedFile.Single(_memoryMaxUsage.Read(buffer)),
                MemoryFailures = FlatKeyedFile.Single(_memoryFailures.Read(buffer)),
                PerCpu = FlatKeyedFile.Numbers(_cpuEach.Read(buffer)),
            };
        }

        return true;
    }

    public void Release()
    {
        foreach (var file in (ReadOnlySpan<CounterFile>)
        [
            _cpuUsage, _cpuStat, _cpuEach, _throttling, _memoryUsage, _memoryMaxUsage, _memoryLimit, _memoryFailures, _memoryStat,
            _pidsCurrent, _pidsMax, _blockBytes, _blockRequests, _oldBlockBytes, _oldBlockRequests,
        ])
        {
            file.Release();
        }
    }

    public void Dispose() => Release();

    private static ReadOnlySpan<byte> Block(CounterFile recursive, CounterFile own, Span<byte> buffer) =>
        recursive.Read(buffer) is { IsEmpty: false } text ? text : own.Read(buffer);
}
