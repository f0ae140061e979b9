using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>Reads the host's own counters.</summary>
internal sealed class HostReader(string procRoot, string dataRoot, TimeProvider time) : IDisposable
{
    private readonly CounterFile _stat = new(procRoot + "/stat");
    private readonly CounterFile _memory = new(procRoot + "/meminfo");
    private readonly CounterFile _load = new(procRoot + "/loadavg");
    private readonly PressureFiles _pressure = new(procRoot + "/pressure/cpu", procRoot + "/pressure/memory", procRoot + "/pressure/io");

    /// <summary>What the samples of containers need.</summary>
    public HostCounters ReadCounters(Span<byte> buffer) => new(ProcStat.Parse(_stat.Read(buffer)), ProcMeminfo.Parse(_memory.Read(buffer)));

    /// <summary>The whole sample.</summary>
    public HostSample Read(HostCounters counters, Span<byte> buffer)
    {
        var (cpu, memory) = counters;
        _ = Utf8Parser.TryParse(_load.Read(buffer), out double load, out _);
        var (total, free) = ReadDisk();
        return new(time.GetUtcNow(), cpu.Total, cpu.Idle, cpu.OnlineCpus, memory.Total, memory.Available, total, free, load, _pressure.Read(buffer));
    }

    public void Dispose()
    {
        _stat.Dispose();
        _memory.Dispose();
        _load.Dispose();
        _pressure.Dispose();
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

/// <summary>Processor time and memory of the host.</summary>
internal readonly record struct HostCounters(ProcStat Cpu, ProcMeminfo Memory);
