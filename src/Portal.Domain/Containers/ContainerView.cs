using Portal.Domain.Primitives;

namespace Portal.Domain.Containers;

/// <summary>Life-cycle state of a container, in the Engine API's words.</summary>
public enum ContainerState
{
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
}

/// <summary>A container in a list.</summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Id">Full id.</param>
/// <param name="Name">Without the leading slash.</param>
/// <param name="Image">As given at creation.</param>
/// <param name="State">Life-cycle state.</param>
/// <param name="Status">The engine's sentence, for instance <c>Up 3 minutes</c>.</param>
/// <param name="Created">UTC.</param>
/// <param name="Ports">Published ports.</param>
/// <param name="Labels">Labels.</param>
public sealed record ContainerView(
    HostId Host, ContainerId Id, string Name, string Image, ContainerState State, string Status, DateTimeOffset Created,
    IReadOnlyList<PortView> Ports, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Names of the networks that it is in.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];
}

/// <summary>A port a container exposes or publishes.</summary>
/// <param name="ContainerPort">Port inside.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">Address it is published on; null when only exposed.</param>
/// <param name="HostPort">Port it is published on; null when only exposed.</param>
public sealed record PortView(int ContainerPort, string Protocol, string? HostAddress, int? HostPort);

/// <summary>Everything a container's page shows.</summary>
/// <param name="View">As in the list.</param>
/// <param name="Command">Entry point and arguments.</param>
/// <param name="Environment"><c>NAME=value</c> lines.</param>
/// <param name="Mounts">What is mounted where.</param>
/// <param name="Networks">Attached networks.</param>
/// <param name="RestartPolicy">For instance <c>no</c> or <c>unless-stopped</c>.</param>
/// <param name="MemoryLimitBytes">0 for none.</param>
/// <param name="CpuLimit">In processors; 0 for none.</param>
/// <param name="StartedAt">UTC; null when never started.</param>
/// <param name="FinishedAt">UTC; null when never ended.</param>
/// <param name="ExitCode">Of the last run; null when it has not ended.</param>
/// <param name="OomKilled">The kernel ended it for memory.</param>
/// <param name="Problem">The engine's error text of the last start, or null.</param>
public sealed record ContainerDetails(
    ContainerView View, IReadOnlyList<string> Command, IReadOnlyList<string> Environment, IReadOnlyList<MountView> Mounts, IReadOnlyList<ContainerNetworkView> Networks,
    string RestartPolicy, long MemoryLimitBytes, double CpuLimit, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, int? ExitCode, bool OomKilled, string? Problem)
{
    /// <summary>All of its limits.</summary>
    public ContainerResources Resources { get; init; } = new();
}

/// <summary>A mount inside a container.</summary>
public sealed record MountView(string Type, string Source, string Destination, bool ReadOnly);

/// <summary>A container's place in a network.</summary>
public sealed record ContainerNetworkView(string Name, string? IpAddress, string? Gateway, string? MacAddress);

/// <summary>One sample of one container, with rates already made from the counters.</summary>
/// <param name="Id">The container.</param>
/// <param name="Time">When it was taken (UTC, the host's clock).</param>
/// <param name="CpuPercent">100 is one processor fully used.</param>
/// <param name="MemoryBytes">Working set: usage without inactive page cache.</param>
/// <param name="MemoryLimitBytes">The limit, or the host's memory when there is none.</param>
/// <param name="NetworkReceiveRate">Bytes per second.</param>
/// <param name="NetworkTransmitRate">Bytes per second.</param>
/// <param name="BlockReadRate">Bytes per second.</param>
/// <param name="BlockWriteRate">Bytes per second.</param>
/// <param name="Pids">Processes and threads.</param>
public sealed record ContainerStats(
    ContainerId Id, DateTimeOffset Time, double CpuPercent, long MemoryBytes, long MemoryLimitBytes,
    double NetworkReceiveRate, double NetworkTransmitRate, double BlockReadRate, double BlockWriteRate, long Pids)
{
    /// <summary>Page cache not used of late, which is beside the working set.</summary>
    public long CacheBytes { get; init; }

    /// <summary>0 to 100: share of the processor quota's periods in which it ran out; null without a quota.</summary>
    public double? ThrottledPercent { get; init; }

    /// <summary>Null where the engine does not say (cgroup v1).</summary>
    public Pressure? Pressure { get; init; }
}

/// <summary>One line of a container's log.</summary>
/// <param name="Time">UTC.</param>
/// <param name="IsError">True for stderr.</param>
/// <param name="Text">The line without its end, at most 16 KiB; longer ones come in parts.</param>
public readonly record struct LogLine(DateTimeOffset Time, bool IsError, string Text);

/// <summary>Which part of a log is wanted.</summary>
/// <param name="Tail">The last so many lines; null for all.</param>
/// <param name="Since">Only lines at or after this time.</param>
/// <param name="Follow">Stay and send what comes.</param>
public sealed record LogRequest(int? Tail = 200, DateTimeOffset? Since = null, bool Follow = false);
