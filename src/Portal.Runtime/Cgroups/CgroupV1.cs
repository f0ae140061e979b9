using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>A cgroup in v1 hierarchies, one folder per controller.</summary>
internal sealed class CgroupV1 : ICgroup
{
    // A limit as good as none: the largest number of pages, in bytes.
    private const ulong NoLimit = 0x7FFF_FFFF_FFFF_0000;

    // USER_HZ is 100 on every architecture this runs on.
    private const ulong NanosecondsPerTick = 10_000_000;

    private static CounterTable.Layout? s_memoryLayout;

    private readonly CounterFile _cpuUsage, _cpuStat, _throttling, _memoryUsage, _memoryLimit, _memoryStat, _pidsCurrent, _pidsMax, _block;

    /// <param name="locator">Mount points.</param>
    /// <param name="path">Below them, with a leading slash.</param>
    public CgroupV1(CgroupLocator locator, string path)
    {
        _cpuUsage = File("cpuacct", "cpuacct.usage");
        _cpuStat = File("cpuacct", "cpuacct.stat");
        _throttling = File("cpu", "cpu.stat");
        _memoryUsage = File("memory", "memory.usage_in_bytes");
        _memoryLimit = File("memory", "memory.limit_in_bytes");
        _memoryStat = File("memory", "memory.stat");
        _pidsCurrent = File("pids", "pids.current");
        _pidsMax = File("pids", "pids.max");
        _block = File("blkio", "blkio.throttle.io_service_bytes_recursive");

        // A controller that is not mounted gives files that do not exist.
        CounterFile File(string controller, string name) => new($"{locator.PathOf(controller) ?? "/nonexistent"}{path}/{name}");
    }

    public bool TryRead(Span<byte> buffer, out CgroupCounters counters)
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
        counters.MemoryStat = CounterTable.Parse(_memoryStat.Read(buffer), ref s_memoryLayout);
        counters.MemoryInactiveFile = counters.MemoryStat.GetValueOrDefault("total_inactive_file");
        counters.PidsCurrent = FlatKeyedFile.Single(_pidsCurrent.Read(buffer));
        counters.PidsLimit = FlatKeyedFile.Single(_pidsMax.Read(buffer));
        counters.Block = ParseBlock(_block.Read(buffer));
        return true;
    }

    public void Dispose()
    {
        foreach (var file in (ReadOnlySpan<CounterFile>)[_cpuUsage, _cpuStat, _throttling, _memoryUsage, _memoryLimit, _memoryStat, _pidsCurrent, _pidsMax, _block])
        {
            file.Dispose();
        }
    }

    /// <summary>Reads lines <c>254:0 Read 4096</c>.</summary>
    internal static IReadOnlyList<BlockSample> ParseBlock(ReadOnlySpan<byte> text)
    {
        List<BlockSample>? samples = null;
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            var blank = line.IndexOf((byte)' ');
            if (blank < 0 || !BlockDevice.TryParse(line[..blank], out var major, out var minor))
            {
                continue;
            }

            var rest = line[(blank + 1)..];
            var operation = rest.StartsWith("Read "u8) ? "read" : rest.StartsWith("Write "u8) ? "write" : null;
            if (operation is not null && Utf8Parser.TryParse(rest[(operation.Length + 1)..], out ulong bytes, out _))
            {
                (samples ??= []).Add(new(major, minor, operation, bytes));
            }
        }

        return samples ?? (IReadOnlyList<BlockSample>)[];
    }
}
