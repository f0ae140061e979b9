using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>Reads the host's own counters.</summary>
internal sealed class HostReader(string procRoot, string dataRoot, TimeProvider time) : IDisposable
{
    private readonly CounterFile _stat = new(procRoot + "/stat");
    private readonly CounterFile _memory = new(procRoot + "/meminfo");
    private readonly CounterFile _load = new(procRoot + "/loadavg");

    /// <summary>Processor time alone.</summary>
    public ProcStat ReadCpu(Span<byte> buffer) => ProcStat.Parse(_stat.Read(buffer));

    /// <summary>Memory alone.</summary>
    public ProcMeminfo ReadMemory(Span<byte> buffer) => ProcMeminfo.Parse(_memory.Read(buffer));

    public HostSample Read(Span<byte> buffer)
    {
        var cpu = ReadCpu(buffer);
        var memory = ReadMemory(buffer);
        _ = Utf8Parser.TryParse(_load.Read(buffer), out double load, out _);
        var (total, free) = ReadDisk();
        return new(time.GetUtcNow(), cpu.Total, cpu.Idle, cpu.OnlineCpus, memory.Total, memory.Available, total, free, load);
    }

    public void Dispose()
    {
        _stat.Dispose();
        _memory.Dispose();
        _load.Dispose();
    }

    private (ulong Total, ulong Free) ReadDisk()
    {
        try
        {
            var drive = new DriveInfo(dataRoot);
            return ((ulong)drive.TotalSize, (ulong)drive.AvailableFreeSpace);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // No such folder yet: the rest of the sample is good all the same.
            return default;
        }
    }
}
