namespace Portal.Runtime.Cgroups;

/// <summary>What the cgroup of one container says. Times are nanoseconds, sizes bytes.</summary>
internal struct CgroupCounters
{
    public ulong CpuTotal;
    public ulong CpuUser;
    public ulong CpuKernel;
    public ulong Periods;
    public ulong ThrottledPeriods;
    public ulong ThrottledTime;
    public ulong MemoryUsage;

    /// <summary><see cref="ulong.MaxValue"/> for none.</summary>
    public ulong MemoryLimit;
    public ulong MemoryInactiveFile;
    public CounterTable MemoryStat;
    public ulong PidsCurrent;

    /// <summary>0 for none.</summary>
    public ulong PidsLimit;
    public IReadOnlyList<BlockSample> Block;
}

/// <summary>Reads the counters of one cgroup. Not for use by two threads at once.</summary>
internal interface ICgroup : IDisposable
{
    /// <summary>Reads everything. False when the cgroup does not exist.</summary>
    /// <param name="buffer">Scratch memory, at least 16 KiB.</param>
    /// <param name="counters">The values.</param>
    /// <exception cref="IOException">It went away in the middle.</exception>
    bool TryRead(Span<byte> buffer, out CgroupCounters counters);
}
