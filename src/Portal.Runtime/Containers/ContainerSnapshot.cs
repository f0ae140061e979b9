using System.Text.Json.Serialization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Containers;

/// <summary>A container at one moment. Immutable; a new one replaces it on every change.</summary>
/// <param name="Id">Identity.</param>
/// <param name="Name">Without a leading slash.</param>
/// <param name="Created">UTC.</param>
/// <param name="Spec">What was asked.</param>
/// <param name="Effective">What runs once the image's defaults are merged in.</param>
/// <param name="ImageId">The image's config digest.</param>
/// <param name="Status">What was observed.</param>
/// <param name="Attachment">Place in the network while started; null otherwise.</param>
/// <param name="Mounts">Resolved mounts.</param>
/// <param name="LogPath">Log file on the host; empty when none is kept.</param>
/// <param name="RestartCount">Starts by restart policy.</param>
public sealed record ContainerSnapshot(
    ContainerId Id, string Name, DateTimeOffset Created, ContainerSpec Spec, EffectiveProcess Effective, Digest ImageId,
    ContainerStatus Status, NetworkAttachment? Attachment, IReadOnlyList<ResolvedMount> Mounts, string LogPath, int RestartCount)
{
    /// <summary>The networks it is to be in.</summary>
    [JsonIgnore]
    public IReadOnlyList<EndpointSpec> Networks => NetworkChoice.Of(Spec);

    /// <summary>What others in a network of the user's own find it by, its name first.</summary>
    public IReadOnlyList<string> NamesIn(EndpointSpec network) => NetworkNames.NamesOf(Id, Name, Spec, network);

    /// <summary>Which ids of the host its ids are; null when they are the same.</summary>
    public IdMappings? Mappings { get; init; }

    /// <summary>Nothing of it is to outlive this boot of the machine.</summary>
    [JsonIgnore]
    public bool IsEphemeral => Spec.AutoRemove || IsBuildStep;

    /// <summary>A step of a build runs in it. Nobody else sees it, and it does not outlive the engine.</summary>
    public bool IsBuildStep { get; init; }

    /// <summary>Its record cannot be read; what is said of it is little more than its id.</summary>
    [JsonIgnore]
    public bool IsUnreadable { get; init; }

    /// <summary>Host name of the container whose network it shares, as of its last start; null for one with a network of its own.</summary>
    public string? JoinedHostname { get; init; }
}

/// <summary>The process a container runs: spec over image.</summary>
/// <param name="Entrypoint">May be empty.</param>
/// <param name="Command">May be empty, not both.</param>
/// <param name="Environment">Complete.</param>
/// <param name="WorkingDirectory">Absolute.</param>
/// <param name="User">May be empty for root.</param>
/// <param name="Labels">Merged.</param>
/// <param name="ExposedPorts">Merged, <c>80/tcp</c>.</param>
/// <param name="StopSignal">Number.</param>
/// <param name="HealthCheck">Null for none.</param>
/// <param name="Shell">The image's shell of command lines; null for <c>/bin/sh -c</c>.</param>
/// <param name="Volumes">Targets of anonymous volumes, asked for or declared by the image; null for none.</param>
public sealed record EffectiveProcess(
    IReadOnlyList<string> Entrypoint, IReadOnlyList<string> Command, IReadOnlyList<string> Environment, string WorkingDirectory, string User,
    IReadOnlyDictionary<string, string> Labels, IReadOnlyList<string> ExposedPorts, int StopSignal,
    HealthCheckSpec? HealthCheck = null, IReadOnlyList<string>? Shell = null, IReadOnlyList<string>? Volumes = null);

/// <summary>What was observed of a container.</summary>
/// <param name="State">Life-cycle state.</param>
/// <param name="Pid">Of the init process on the host; 0 when not running.</param>
/// <param name="ExitCode">Of the last run; 0 before the first. 255 with an <paramref name="Error"/> when it was lost.</param>
/// <param name="StartedAt">UTC; null when never started.</param>
/// <param name="FinishedAt">UTC; null when never ended.</param>
/// <param name="OomKilled">The kernel killed a process of it for memory.</param>
/// <param name="Error">Why the last start failed or what was lost; empty otherwise.</param>
/// <param name="Health">What health checks found in this run, or the last one; null without a health check.</param>
/// <param name="MonitorLost">It runs, but its monitor does not: its output is lost, and how it ends will be. <paramref name="Error"/> says so.</param>
/// <param name="LogBytesLost">Bytes of this run's output that are missing in its log, about: the disk was full.</param>
public sealed record ContainerStatus(
    ContainerState State, int Pid, int ExitCode, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, bool OomKilled, string Error, ContainerHealth? Health = null,
    bool MonitorLost = false, long LogBytesLost = 0)
{
    /// <summary>A container that was made and never started.</summary>
    public static ContainerStatus Created { get; } = new(ContainerState.Created, 0, 0, null, null, false, "");

    /// <summary>True while the init process exists.</summary>
    public bool IsRunning => State is ContainerState.Running or ContainerState.Paused;
}

/// <summary>What health checks say.</summary>
public enum HealthStatus
{
    Starting,
    Healthy,
    Unhealthy,
}

/// <summary>The health of a container.</summary>
/// <param name="Status">The verdict.</param>
/// <param name="FailingStreak">Failures in a row.</param>
/// <param name="Log">The last probes, oldest first, at most five.</param>
public sealed record ContainerHealth(HealthStatus Status, int FailingStreak, IReadOnlyList<HealthProbe> Log);

/// <param name="Start">UTC.</param>
/// <param name="End">UTC.</param>
/// <param name="ExitCode">0 is healthy; -1 when the probe was cut off.</param>
/// <param name="Output">At most 4 KiB.</param>
public sealed record HealthProbe(DateTimeOffset Start, DateTimeOffset End, int ExitCode, string Output);

/// <summary>A mount as it is in the container.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="VolumeName">Name of the volume; null for other kinds.</param>
/// <param name="Source">Path on the host; empty for tmpfs.</param>
/// <param name="Target">Path inside.</param>
/// <param name="ReadOnly">Mounted read-only.</param>
/// <param name="Anonymous">The volume was made for this container and goes with <c>rm -v</c> or <c>--rm</c>.</param>
/// <param name="Propagation">Bind propagation.</param>
public sealed record ResolvedMount(MountKind Kind, string? VolumeName, string Source, string Target, bool ReadOnly, bool Anonymous, string Propagation)
{
    public MountOrigin Origin { get; init; }

    /// <summary>Options of the short form as given, for display.</summary>
    public string Mode { get; init; } = "";

    /// <inheritdoc cref="MountSpec.CreateSource"/>
    public bool CreateSource { get; init; }

    /// <inheritdoc cref="MountSpec.NonRecursive"/>
    public bool NonRecursive { get; init; }

    /// <inheritdoc cref="MountSpec.ReadOnlyReach"/>
    public ReadOnlyReach ReadOnlyReach { get; init; }

    /// <inheritdoc cref="MountSpec.Subpath"/>
    public string Subpath { get; init; } = "";

    /// <summary>All options of a tmpfs, checked, separated by commas.</summary>
    public string TmpfsOptions { get; init; } = "";

    /// <summary>The image whose root is mounted; null for other kinds.</summary>
    public Digest? ImageId { get; init; }

    /// <summary>That image as it was asked for.</summary>
    public string? ImageName { get; init; }

    /// <summary>Which of the container's mounted images it is, from 0.</summary>
    public int ImageIndex { get; init; }

    /// <summary>The source is no folder. Known for the length of a start.</summary>
    [JsonIgnore]
    public bool IsFile { get; init; }

    /// <summary>Options that the source has and a user namespace cannot take off. Known for the length of a start.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> LockedOptions { get; init; } = [];
}

/// <summary>How a run ended.</summary>
/// <param name="ExitCode">0 to 255.</param>
/// <param name="Error">Why the code is unknown or the start failed; null otherwise.</param>
public readonly record struct ContainerExit(int ExitCode, string? Error);

/// <summary>What a wait waits for.</summary>
public enum WaitCondition
{
    /// <summary>Answers at once when the container does not run.</summary>
    NotRunning,

    /// <summary>The next end of a run, even of a container not yet started.</summary>
    NextExit,

    /// <summary>Removal; the answer is the exit code of the last run.</summary>
    Removed,
}
