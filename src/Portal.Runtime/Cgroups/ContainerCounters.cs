namespace Portal.Runtime.Cgroups;

/// <summary>The counters of one run of a container. Not for use by two threads at once.</summary>
internal sealed class ContainerCounters : IDisposable
{
    private readonly RunningContainer _container;
    private readonly ICgroup _cgroup;

    // Null when it has no links of its own.
    private readonly string? _netDev;

    /// <param name="container">The run.</param>
    /// <param name="cgroup">Its cgroup, owned from here on.</param>
    /// <param name="procRoot">/proc, or what stands for it.</param>
    public ContainerCounters(RunningContainer container, ICgroup cgroup, string procRoot)
    {
        (_container, _cgroup) = (container, cgroup);

        // One that uses the host's network would show the host's traffic as its own.
        _netDev = NamespaceOf($"{procRoot}/{container.Pid}") == NamespaceOf(procRoot + "/self") ? null : $"{procRoot}/{container.Pid}/net/dev";
    }

    public int Pid => _container.Pid;

    /// <summary>The newest sample; null before the first.</summary>
    public ContainerSample? Last { get; private set; }

    /// <summary>Its files stay open between two readings.</summary>
    public bool Kept { get; set; }

    /// <summary>The pass that last wanted it.</summary>
    public long Pass { get; set; }

    /// <summary>Reads them now. Null when the run has ended.</summary>
    public ContainerSample? Read(bool detailed, HostCounters host, TimeProvider time, byte[] buffer)
    {
        try
        {
            if (!_cgroup.TryRead(buffer, detailed, out var counters))
            {
                return null;
            }

            var links = ReadLinks(buffer);
            var (received, sent) = ProcNetDev.Sum(links);
            return Last = new ContainerSample
            {
                Id = _container.Id,
                Pid = _container.Pid,
                Time = time.GetUtcNow(),
                CpuTotal = counters.CpuTotal,
                CpuUser = counters.CpuUser,
                CpuKernel = counters.CpuKernel,
                ThrottlingPeriods = counters.Periods,
                ThrottledPeriods = counters.ThrottledPeriods,
                ThrottledTime = counters.ThrottledTime,
                SystemCpu = host.Cpu.Total,
                OnlineCpus = host.Cpu.OnlineCpus,
                MemoryUsage = counters.MemoryUsage,
                MemoryLimit = Math.Min(counters.MemoryLimit, host.Memory.Total),
                MemoryInactiveFile = counters.MemoryInactiveFile,
                SwapUsage = counters.SwapUsage,
                PidsCurrent = counters.PidsCurrent,
                PidsLimit = counters.PidsLimit,
                RxBytes = received,
                TxBytes = sent,
                ReadBytes = counters.ReadBytes,
                WriteBytes = counters.WriteBytes,
                Pressure = counters.Pressure,
                Details = counters.Details is { } details ? details with { Interfaces = ProcNetDev.Parse(links) } : null,
            };
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // It ended while it was read.
            return null;
        }
    }

    /// <summary>Closes its files; the next reading opens them again.</summary>
    public void Release() => _cgroup.Release();

    public void Dispose() => _cgroup.Dispose();

    // Opened each time: an open file would keep the network namespace, and with it the container's links, alive.
    private ReadOnlySpan<byte> ReadLinks(byte[] buffer)
    {
        if (_netDev is null)
        {
            return default;
        }

        try
        {
            using var handle = File.OpenHandle(_netDev, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = 0;
            while (length < buffer.Length && RandomAccess.Read(handle, buffer.AsSpan(length), length) is var read and > 0)
            {
                length += read;
            }

            return buffer.AsSpan(0, length);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return default;
        }
    }

    private static string? NamespaceOf(string process)
    {
        try
        {
            return new FileInfo(process + "/ns/net").LinkTarget;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
