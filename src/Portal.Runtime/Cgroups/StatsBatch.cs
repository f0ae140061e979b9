namespace Portal.Runtime.Cgroups;

/// <summary>The host at one moment.</summary>
/// <param name="Time">UTC.</param>
/// <param name="CpuTotal">Nanoseconds of all processors in all modes since boot.</param>
/// <param name="CpuIdle">Idle and I/O wait part of it.</param>
/// <param name="OnlineCpus">Processors online.</param>
/// <param name="MemoryTotal">Bytes.</param>
/// <param name="MemoryAvailable">Bytes (<c>MemAvailable</c>).</param>
/// <param name="DiskTotal">File system of the data root, bytes.</param>
/// <param name="DiskFree">Bytes.</param>
/// <param name="Load1">Load average over a minute.</param>
/// <param name="Pressure">Null where the kernel does not say.</param>
public sealed record HostSample(
    DateTimeOffset Time, ulong CpuTotal, ulong CpuIdle, int OnlineCpus, ulong MemoryTotal, ulong MemoryAvailable, ulong DiskTotal, ulong DiskFree, double Load1,
    PressureSample? Pressure = null);

/// <summary>One tick: the host and every running container, read in one pass.</summary>
public sealed record StatsBatch(HostSample Host, IReadOnlyList<ContainerSample> Containers);
