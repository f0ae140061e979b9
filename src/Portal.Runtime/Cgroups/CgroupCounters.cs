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
    public ulong SwapUsage;
    public ulong PidsCurrent;

    /// <summary>0 for none.</summary>
    public ulong PidsLimit;
    public ulong ReadBytes;
    public ulong WriteBytes;
    public PressureSample? Pressure;

    /// <summary>Without the interfaces; null unless asked for.</summary>
    public ContainerDetails? Details;
}

/// <summary>Reads the counters of one cgroup. Not for use by two threads at once.</summary>
internal interface ICgroup : IDisposable
{
    /// <summary>Reads what is asked for. False when the cgroup does not exist.</summary>
    /// <param name="buffer">Scratch memory, at least 16 KiB.</param>
    /// <param name="detailed">Read also what makes <see cref="CgroupCounters.Details"/>.</param>
    /// <param name="counters">The values.</param>
    /// <exception cref="IOException">It went away in the middle.</exception>
    bool TryRead(Span<byte> buffer, bool detailed, out CgroupCounters counters);

    /// <summary>Closes the files; the next reading opens them again.</summary>
    void Release();
}
