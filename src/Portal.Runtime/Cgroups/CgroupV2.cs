using System.Buffers.Text;

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
    private readonly CounterFile _pidsCurrent = new(folder + "/pids.current");
    private readonly CounterFile _pidsMax = new(folder + "/pids.max");
    private readonly CounterFile _io = new(folder + "/io.stat");

    public bool TryRead(Span<byte> buffer, out CgroupCounters counters)
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
        counters.MemoryStat = CounterTable.Parse(_memoryStat.Read(buffer), ref s_memoryLayout);
        counters.MemoryInactiveFile = counters.MemoryStat.GetValueOrDefault("inactive_file");
        counters.PidsCurrent = FlatKeyedFile.Single(_pidsCurrent.Read(buffer));
        counters.PidsLimit = FlatKeyedFile.Single(_pidsMax.Read(buffer));
        counters.Block = ParseIo(_io.Read(buffer));
        return true;
    }

    public void Dispose()
    {
        foreach (var file in (ReadOnlySpan<CounterFile>)[_cpu, _memoryUsage, _memoryLimit, _memoryStat, _pidsCurrent, _pidsMax, _io])
        {
            file.Dispose();
        }
    }

    /// <summary>Reads lines <c>254:0 rbytes=1 wbytes=2 rios=3 …</c>.</summary>
    internal static IReadOnlyList<BlockSample> ParseIo(ReadOnlySpan<byte> text)
    {
        List<BlockSample>? samples = null;
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            if (!BlockDevice.TryParse(line, out var major, out var minor))
            {
                continue;
            }

            foreach (var part in line.Split((byte)' '))
            {
                var field = line[part];
                var operation = field.StartsWith("rbytes="u8) ? "read" : field.StartsWith("wbytes="u8) ? "write" : null;
                if (operation is not null && Utf8Parser.TryParse(field["rbytes=".Length..], out ulong bytes, out _))
                {
                    (samples ??= []).Add(new(major, minor, operation, bytes));
                }
            }
        }

        return samples ?? (IReadOnlyList<BlockSample>)[];
    }
}
