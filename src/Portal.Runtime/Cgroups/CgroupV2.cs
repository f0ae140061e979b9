namespace Portal.Runtime.Cgroups;

/// <summary>A cgroup in the one v2 hierarchy.</summary>
/// <param name="folder">Its folder.</param>
internal sealed class CgroupV2(string folder) : ICgroup
{
    private const ulong NanosecondsPerMicrosecond = 1000;

    private static CounterTable.Layout? s_memoryLayout;

    private readonly CounterFile _cpu = new(folder + "/cpu.stat");
    private readonly CounterFile _memoryUsage = new(folder + "/memory.current");
    private readonly CounterFile _memoryLimit = new(folder + "/memory.max");
    private readonly CounterFile _memoryStat = new(folder + "/memory.stat");
    private readonly CounterFile _memoryEvents = new(folder + "/memory.events");
    private readonly CounterFile _swap = new(folder + "/memory.swap.current");
    private readonly CounterFile _pidsCurrent = new(folder + "/pids.current");
    private readonly CounterFile _pidsMax = new(folder + "/pids.max");
    private readonly CounterFile _io = new(folder + "/io.stat");
    private readonly PressureFiles _pressure = new(folder + "/cpu.pressure", folder + "/memory.pressure", folder + "/io.pressure");

    public bool TryRead(Span<byte> buffer, bool detailed, out CgroupCounters counters)
    {
        counters = default;
        var cpu = _cpu.Read(buffer);
        if (cpu.IsEmpty)
        {
            return false;
        }

        counters.CpuTotal = FlatKeyedFile.Find(cpu, "usage_usec"u8) * NanosecondsPerMicrosecond;
        counters.CpuUser = FlatKeyedFile.Find(cpu, "user_usec"u8) * NanosecondsPerMicrosecond;
        counters.CpuKernel = FlatKeyedFile.Find(cpu, "system_usec"u8) * NanosecondsPerMicrosecond;
        counters.Periods = FlatKeyedFile.Find(cpu, "nr_periods"u8);
        counters.ThrottledPeriods = FlatKeyedFile.Find(cpu, "nr_throttled"u8);
        counters.ThrottledTime = FlatKeyedFile.Find(cpu, "throttled_usec"u8) * NanosecondsPerMicrosecond;
        counters.MemoryUsage = FlatKeyedFile.Single(_memoryUsage.Read(buffer));
        counters.MemoryLimit = FlatKeyedFile.Single(_memoryLimit.Read(buffer), ulong.MaxValue);
        counters.SwapUsage = FlatKeyedFile.Single(_swap.Read(buffer));
        counters.PidsCurrent = FlatKeyedFile.Single(_pidsCurrent.Read(buffer));
        counters.PidsLimit = FlatKeyedFile.Single(_pidsMax.Read(buffer));
        counters.Pressure = _pressure.Read(buffer);
        var memory = _memoryStat.Read(buffer);
        counters.MemoryInactiveFile = FlatKeyedFile.Find(memory, "inactive_file"u8);
        var memoryStat = detailed ? CounterTable.Parse(memory, ref s_memoryLayout) : null;
        var io = _io.Read(buffer);
        (counters.ReadBytes, counters.WriteBytes) = BlockTable.SumV2(io);
        if (detailed)
        {
            counters.Details = new()
            {
                Version = CgroupVersion.V2,
                MemoryStat = memoryStat!,
                BlockBytes = BlockTable.ParseV2(io, "rbytes="u8, "wbytes="u8),
                BlockRequests = BlockTable.ParseV2(io, "rios="u8, "wios="u8),
                MemoryFailures = FlatKeyedFile.Find(_memoryEvents.Read(buffer), "oom"u8),
            };
        }

        return true;
    }

    public void Release()
    {
        foreach (var file in (ReadOnlySpan<CounterFile>)[_cpu, _memoryUsage, _memoryLimit, _memoryStat, _memoryEvents, _swap, _pidsCurrent, _pidsMax, _io])
        {
            file.Release();
        }

        _pressure.Release();
    }

    public void Dispose() => Release();
}
