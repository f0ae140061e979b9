using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Portal.Domain.Containers;

/// <summary>
/// The one effective description of a container, made once at the front door from whatever form the request had.
/// Policy decides on it and the runtime executes it. It holds what was asked, with image defaults not yet merged in
/// (the runtime merges them at create and keeps both).
/// </summary>
public sealed record ContainerSpec
{
    /// <summary>Image reference as given.</summary>
    public required string Image { get; init; }

    /// <summary>Arguments; null takes the image's.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Entry point; null takes the image's; a single empty string resets it to none.</summary>
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary><c>NAME=value</c>; a bare <c>NAME</c> removes the image's variable.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>As <see cref="Environment"/>, and never written down: what is in it is secret, and gone when the engine ends.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> SecretEnvironment { get; init; } = [];

    /// <summary>Labels; the image's are merged below these.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Host name; null takes the first twelve digits of the id.</summary>
    public string? Hostname { get; init; }

    public string? Domainname { get; init; }

    /// <summary><c>user</c>, <c>user:group</c>, ids or names of the image's passwd; null or empty takes the image's.</summary>
    public string? User { get; init; }

    /// <summary>Absolute; null or empty takes the image's.</summary>
    public string? WorkingDirectory { get; init; }

    public bool Tty { get; init; }

    public bool OpenStdin { get; init; }

    /// <summary>Close the container's stdin when the first client that attached to it goes.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>What the client said it would attach to; echoed by inspect only.</summary>
    public bool AttachStdin { get; init; }

    /// <inheritdoc cref="AttachStdin"/>
    public bool AttachStdout { get; init; }

    /// <inheritdoc cref="AttachStdin"/>
    public bool AttachStderr { get; init; }

    /// <summary>Name or number; null takes the image's, then SIGTERM.</summary>
    public string? StopSignal { get; init; }

    /// <summary>Grace before SIGKILL; null is 10 s; negative waits for ever.</summary>
    public TimeSpan? StopTimeout { get; init; }

    /// <summary><c>bridge</c> (also <c>default</c>), <c>host</c>, <c>none</c>, <c>container:x</c>, or a network's name or id.</summary>
    public string NetworkMode { get; init; } = "default";

    /// <summary>
    /// Every network it is to be in; null for the one that <see cref="NetworkMode"/> names. Empty for a container that was taken out
    /// of its only one.
    /// </summary>
    public IReadOnlyList<EndpointSpec>? Endpoints { get; init; }

    /// <summary><c>container:alias</c>: names it has for others on the default network.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>Ports to publish.</summary>
    public IReadOnlyList<PortBinding> Ports { get; init; } = [];

    /// <summary>Ports declared only, <c>80/tcp</c>; the image's are merged in.</summary>
    public IReadOnlyList<string> ExposedPorts { get; init; } = [];

    /// <summary>Publish every exposed port on a port the engine chooses.</summary>
    public bool PublishAllPorts { get; init; }

    public IReadOnlyList<MountSpec> Mounts { get; init; } = [];

    /// <summary>DNS servers; empty takes the host's.</summary>
    public IReadOnlyList<string> Dns { get; init; } = [];

    public IReadOnlyList<string> DnsSearch { get; init; } = [];

    public IReadOnlyList<string> DnsOptions { get; init; } = [];

    /// <summary><c>name:address</c> lines for /etc/hosts.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    public ContainerResources Resources { get; init; } = new();

    public RestartPolicySpec RestartPolicy { get; init; } = new(RestartPolicyKind.No, 0);

    /// <summary>Remove the container, with its anonymous volumes, when it ends.</summary>
    public bool AutoRemove { get; init; }

    public bool Privileged { get; init; }

    public bool ReadOnlyRootFileSystem { get; init; }

    /// <summary>Run an init process as PID 1.</summary>
    public bool Init { get; init; }

    /// <summary>Capabilities over the default set, with or without <c>CAP_</c>; <c>ALL</c> for all.</summary>
    public IReadOnlyList<string> CapabilitiesAdded { get; init; } = [];

    /// <inheritdoc cref="CapabilitiesAdded"/>
    public IReadOnlyList<string> CapabilitiesDropped { get; init; } = [];

    /// <summary>As given: <c>no-new-privileges</c>, <c>seccomp=unconfined</c>, …</summary>
    public IReadOnlyList<string> SecurityOptions { get; init; } = [];

    /// <summary>Supplementary groups, names or ids.</summary>
    public IReadOnlyList<string> GroupsAdded { get; init; } = [];

    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>Size of /dev/shm in bytes; 0 is 64 MiB.</summary>
    public long ShmSizeBytes { get; init; }

    public IReadOnlyList<UlimitSpec> Ulimits { get; init; } = [];

    /// <summary>OOM score adjustment, -1000 to 1000.</summary>
    public int OomScoreAdjustment { get; init; }

    /// <summary>Whose processes it sees: private, host or another container's.</summary>
    public NamespaceMode PidMode { get; init; }

    /// <summary>Whose System V IPC, message queues and /dev/shm it uses.</summary>
    public NamespaceMode IpcMode { get; init; }

    /// <summary>Whose host name it has: private or host.</summary>
    public NamespaceMode UtsMode { get; init; }

    /// <summary>Host turns off the engine's user remapping for this container.</summary>
    public NamespaceMode UserNamespaceMode { get; init; }

    /// <summary>Which cgroups it sees: private or host.</summary>
    public NamespaceMode CgroupNamespaceMode { get; init; }

    /// <summary>Cgroup above the container's own; empty takes the engine's.</summary>
    public string CgroupParent { get; init; } = "";

    public IReadOnlyList<DeviceSpec> Devices { get; init; } = [];

    /// <summary>As in devices.list of cgroup v1: <c>c 1:3 mr</c>.</summary>
    public IReadOnlyList<string> DeviceCgroupRules { get; init; } = [];

    public IReadOnlyList<DeviceRequestSpec> DeviceRequests { get; init; } = [];

    /// <summary>Paths hidden in the container; null takes the default list, an empty one hides nothing.</summary>
    public IReadOnlyList<string>? MaskedPaths { get; init; }

    /// <summary>Paths made read-only in the container; null takes the default list, an empty one protects nothing.</summary>
    public IReadOnlyList<string>? ReadOnlyPaths { get; init; }

    /// <summary>Containers whose mounts it gets too, each with an optional <c>:ro</c> or <c>:rw</c>.</summary>
    public IReadOnlyList<string> VolumesFrom { get; init; } = [];

    public LogSpec Log { get; init; } = LogSpec.Default;

    /// <summary>Null takes the image's.</summary>
    public HealthCheckSpec? HealthCheck { get; init; }

    /// <summary>For the OCI runtime; not labels.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Name of an OCI runtime the engine knows; empty takes its default.</summary>
    public string Runtime { get; init; } = "";

    /// <summary>Options of the storage driver as given (<c>size</c>).</summary>
    public IReadOnlyDictionary<string, string> StorageOptions { get; init; } = new Dictionary<string, string>();
}

/// <summary>A port to publish.</summary>
/// <param name="ContainerPort">1 to 65535.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">Address to listen on; empty for all.</param>
/// <param name="HostPort">Port to listen on; 0 lets the engine choose.</param>
/// <param name="LastHostPort">Of a range the last: the first one that is free is taken. 0 for a single port.</param>
public sealed record PortBinding(int ContainerPort, string Protocol, string HostAddress, int HostPort, int LastHostPort = 0);

/// <summary>Kinds of mounts.</summary>
public enum MountKind
{
    Bind,
    Volume,
    Tmpfs,

    /// <summary>The root file system of an image, read-only.</summary>
    Image,
}

/// <summary>What asked for a mount.</summary>
public enum MountOrigin
{
    /// <summary>The long form (<c>--mount</c>).</summary>
    Mounts,

    /// <summary>The short form (<c>-v source:target</c>).</summary>
    Binds,

    /// <summary><c>--tmpfs</c>.</summary>
    Tmpfs,

    /// <summary><c>-v target</c>: an anonymous volume.</summary>
    Volumes,

    /// <summary>A volume that the container's image declares.</summary>
    Image,

    /// <summary>Another container (<c>--volumes-from</c>).</summary>
    Container,
}

/// <summary>How far "read-only" reaches into what is mounted below the source of a bind.</summary>
public enum ReadOnlyReach
{
    /// <summary>All of it where the kernel can (5.12), else the topmost mount only.</summary>
    BestEffort,

    /// <summary>The topmost mount only.</summary>
    TopOnly,

    /// <summary>All of it, or the start fails.</summary>
    Forced,
}

/// <summary>Something mounted in a container.</summary>
/// <param name="Kind">Host path, named volume, memory or image.</param>
/// <param name="Source">Host path, volume name or image reference; empty for an anonymous volume or tmpfs.</param>
/// <param name="Target">Absolute path inside.</param>
/// <param name="ReadOnly">Mounted read-only.</param>
public sealed record MountSpec(MountKind Kind, string Source, string Target, bool ReadOnly)
{
    /// <summary>A missing source folder of a bind is made (<c>-v</c>) rather than refused (<c>--mount</c>).</summary>
    public bool CreateSource { get; init; }

    public MountOrigin Origin { get; init; }

    /// <summary>The entry of the request as it was given, which inspect shows again; empty where it says no more than the target.</summary>
    public string AsGiven { get; init; } = "";

    /// <summary>Options of the short form as given (<c>ro,z</c>).</summary>
    public string Mode { get; init; } = "";

    /// <summary><c>rprivate</c>, <c>rslave</c>, <c>rshared</c> and the non-recursive three; empty for rprivate.</summary>
    public string Propagation { get; init; } = "";

    /// <summary>An empty new volume is not filled from the image.</summary>
    public bool NoCopy { get; init; }

    /// <summary>Size limit of a tmpfs, bytes; 0 for none.</summary>
    public long TmpfsSizeBytes { get; init; }

    /// <summary>Mode of a tmpfs root, for instance 0x3FF for 01777; 0 for the default.</summary>
    public int TmpfsMode { get; init; }

    /// <summary>Further mount options of a tmpfs, separated by commas, over those that the engine sets and the members above.</summary>
    public string TmpfsOptions { get; init; } = "";

    /// <summary>A bind without what is mounted below its source.</summary>
    public bool NonRecursive { get; init; }

    /// <summary>For read-only binds.</summary>
    public ReadOnlyReach ReadOnlyReach { get; init; }

    /// <summary>Folder or file inside of a volume or image that is mounted instead of its root; empty for the root.</summary>
    public string Subpath { get; init; } = "";

    /// <summary>Labels of a volume that the mount makes.</summary>
    public IReadOnlyDictionary<string, string> VolumeLabels { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Driver options of a volume that the mount makes; null for none. Not kept with the container: they may hold a password.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string>? VolumeOptions { get; init; }
}

/// <summary>Limits. Zero means no limit throughout.</summary>
public sealed record ContainerResources
{
    public long MemoryBytes { get; init; }

    public long MemoryReservationBytes { get; init; }

    /// <summary>Memory plus swap; -1 for unlimited swap; 0 for twice the memory.</summary>
    public long MemorySwapBytes { get; init; }

    /// <summary>Billionths of a processor (<c>--cpus</c>). Excludes quota and period.</summary>
    public long NanoCpus { get; init; }

    /// <summary>Relative weight, 2 to 262144 (<c>--cpu-shares</c>).</summary>
    public long CpuShares { get; init; }

    /// <summary>Microseconds.</summary>
    public long CpuPeriod { get; init; }

    /// <summary>Microseconds per period.</summary>
    public long CpuQuota { get; init; }

    public string CpusetCpus { get; init; } = "";

    public string CpusetMems { get; init; } = "";

    /// <summary>Processes and threads; null is the engine's default of 2048; -1 is no limit.</summary>
    public long? PidsLimit { get; init; }

    public long BlkioWeight { get; init; }

    /// <summary>Weights from 10 to 1000.</summary>
    public IReadOnlyList<BlockLimit> BlkioWeightDevices { get; init; } = [];

    /// <summary>Bytes a second.</summary>
    public IReadOnlyList<BlockLimit> BlkioReadBps { get; init; } = [];

    /// <inheritdoc cref="BlkioReadBps"/>
    public IReadOnlyList<BlockLimit> BlkioWriteBps { get; init; } = [];

    /// <summary>Operations a second.</summary>
    public IReadOnlyList<BlockLimit> BlkioReadIops { get; init; } = [];

    /// <inheritdoc cref="BlkioReadIops"/>
    public IReadOnlyList<BlockLimit> BlkioWriteIops { get; init; } = [];

    /// <summary>Microseconds of a real-time period (cgroup v1).</summary>
    public long CpuRealtimePeriod { get; init; }

    /// <summary>Microseconds of real-time scheduling per period (cgroup v1).</summary>
    public long CpuRealtimeRuntime { get; init; }

    /// <summary>0 to 100; null for the host's (cgroup v1).</summary>
    public long? MemorySwappiness { get; init; }

    /// <summary>Processes wait for memory instead of being killed (cgroup v1).</summary>
    public bool OomKillDisabled { get; init; }

    /// <summary>Bytes of TCP buffers in the kernel (cgroup v1).</summary>
    public long KernelMemoryTcpBytes { get; init; }
}

/// <summary>When the engine starts a container again by itself.</summary>
public enum RestartPolicyKind
{
    No,
    Always,
    UnlessStopped,
    OnFailure,
}

/// <param name="Kind">When.</param>
/// <param name="MaximumRetryCount">For on-failure; 0 for no limit.</param>
public sealed record RestartPolicySpec(RestartPolicyKind Kind, int MaximumRetryCount);

/// <param name="Name">As in setrlimit(2) without <c>RLIMIT_</c>, lower case: <c>nofile</c>.</param>
/// <param name="Soft">Soft limit; -1 for unlimited.</param>
/// <param name="Hard">Hard limit; -1 for unlimited.</param>
public sealed record UlimitSpec(string Name, long Soft, long Hard);
