using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>Processor time of the whole host (proc_stat(5)), nanoseconds.</summary>
/// <param name="Total">All modes.</param>
/// <param name="Idle">Idle and waiting for I/O.</param>
/// <param name="OnlineCpus">Processors.</param>
internal readonly record struct ProcStat(ulong Total, ulong Idle, int OnlineCpus)
{
    private const ulong NanosecondsPerTick = 10_000_000;

    // user nice system idle iowait irq softirq steal; guest time behind them is part of user time already.
    private const int Modes = 8;

    public static ProcStat Parse(ReadOnlySpan<byte> text)
    {
        ulong total = 0, idle = 0;
        var cpus = 0;
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            if (!line.StartsWith("cpu"u8))
            {
                break;
            }

            if (line.Length > 3 && line[3] != ' ')
            {
                cpus++;
                continue;
            }

            line = line[3..];
            for (var mode = 0; mode < Modes; mode++)
            {
                line = line.TrimStart((byte)' ');
                if (!Utf8Parser.TryParse(line, out ulong ticks, out var used))
                {
                    break;
                }

                line = line[used..];
                total += ticks;
                idle += mode is 3 or 4 ? ticks : 0;
            }
        }

        return new(total * NanosecondsPerTick, idle * NanosecondsPerTick, Math.Max(cpus, 1));
    }
}
