using Portal.Domain.Primitives;

namespace Portal.Domain.Hosts;

/// <summary>Whether the control plane reaches a host.</summary>
public enum HostState
{
    /// <summary>Not reached yet since the portal started.</summary>
    Connecting,

    /// <summary>The engine answers.</summary>
    Connected,

    /// <summary>The engine does not answer; <see cref="HostView.Problem"/> says why.</summary>
    Unreachable,
}

/// <summary>A host as people see it.</summary>
/// <param name="Id">Identity in the control plane.</param>
/// <param name="Name">The machine's host name, or the id until it is known.</param>
/// <param name="State">Whether the engine answers.</param>
/// <param name="Since">When <paramref name="State"/> last changed (UTC).</param>
/// <param name="Problem">Why the host is unreachable, for people; null when connected.</param>
/// <param name="Facts">What the engine said of its machine; null until first reached, then kept.</param>
public sealed record HostView(HostId Id, string Name, HostState State, DateTimeOffset Since, string? Problem, HostFacts? Facts);

/// <summary>What an engine says of its machine.</summary>
/// <param name="EngineVersion">Engine name and version, for instance <c>Portal 0.1.0</c>.</param>
/// <param name="OperatingSystem">For instance <c>Debian GNU/Linux 12 (bookworm)</c>.</param>
/// <param name="KernelVersion">As <c>uname -r</c> says.</param>
/// <param name="Architecture">As <c>uname -m</c> says.</param>
/// <param name="Processors">Logical processors online.</param>
/// <param name="MemoryBytes">Physical memory, bytes.</param>
/// <param name="CgroupVersion"><c>1</c> or <c>2</c>.</param>
/// <param name="Images">Images in the store.</param>
public sealed record HostFacts(
    string EngineVersion, string OperatingSystem, string KernelVersion, string Architecture, int Processors, long MemoryBytes, string CgroupVersion, int Images);

/// <summary>One sample of a whole host.</summary>
/// <param name="Time">When it was taken (UTC, the host's clock).</param>
/// <param name="CpuPercent">0 to 100: share of all processors in use.</param>
/// <param name="MemoryUsedBytes">Total minus available (<c>MemAvailable</c> of proc_meminfo(5)).</param>
/// <param name="MemoryTotalBytes">Physical memory.</param>
/// <param name="DiskUsedBytes">Used space on the file system of the engine's data root.</param>
/// <param name="DiskTotalBytes">Size of that file system.</param>
/// <param name="Load1">Load average over one minute.</param>
public sealed record HostStats(
    DateTimeOffset Time, double CpuPercent, long MemoryUsedBytes, long MemoryTotalBytes, long DiskUsedBytes, long DiskTotalBytes, double Load1)
{
    /// <summary>Null where the engine does not say.</summary>
    public Pressure? Pressure { get; init; }
}
