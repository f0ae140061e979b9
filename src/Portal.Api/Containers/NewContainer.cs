using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Portal.Api.Http;
using Portal.Api.Networks;
using Portal.Domain.Containers;

namespace Portal.Api.Containers;

/// <summary>A new container. What is left out is as its image, or the engine, has it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewContainer
{
    /// <summary>The image, by name or id. It must be on the host.</summary>
    /// <example>busybox</example>
    [Required, MaxLength(1024)]
    public string Image { get; init; } = "";

    /// <summary>Its name; left out, the engine makes one up.</summary>
    [MaxLength(255), RegularExpression("^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")]
    public string? Name { get; init; }

    /// <summary>The platform of the image, such as <c>linux/arm64</c>.</summary>
    [MaxLength(64)]
    public string? Platform { get; init; }

    /// <summary>Start it at once. When that fails the container is there all the same, and the answer says why it does not run.</summary>
    public bool Start { get; init; }

    /// <summary>What is run, with its arguments.</summary>
    [MaxLength(4096), NoNulls]
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>What the command is given to.</summary>
    [MaxLength(4096), NoNulls]
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary><c>NAME=value</c> lines.</summary>
    [MaxLength(4096), NoNulls]
    public IReadOnlyList<string>? Environment { get; init; }

    /// <summary>Labels.</summary>
    [MaxLength(1024), NoNulls]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Annotations for the OCI runtime.</summary>
    [MaxLength(1024), NoNulls]
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Host name inside.</summary>
    [MaxLength(255)]
    public string? Hostname { get; init; }

    /// <summary>Domain name inside.</summary>
    [MaxLength(255)]
    public string? Domainname { get; init; }

    /// <summary>User, or user and group, as <c>name</c>, <c>uid</c> or <c>uid:gid</c>.</summary>
    [MaxLength(255)]
    public string? User { get; init; }

    /// <summary>Groups beside the user's own.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>Folder that the command runs in.</summary>
    [MaxLength(4095)]
    public string? WorkingDirectory { get; init; }

    /// <summary>It has a terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>Its standard input stays open.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>Published ports.</summary>
    [MaxLength(1024), NoNulls]
    public IReadOnlyList<NewPort>? Ports { get; init; }

    /// <summary>Ports that are told of and not published, such as <c>80/tcp</c>.</summary>
    [MaxLength(1024), NoNulls]
    public IReadOnlyList<string>? ExposedPorts { get; init; }

    /// <summary>Publish every exposed port at one that the engine chooses.</summary>
    public bool PublishAllPorts { get; init; }

    /// <summary>What is mounted where.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyList<NewMount>? Mounts { get; init; }

    /// <summary>Containers whose volumes it has too, as <c>name</c> or <c>name:ro</c>.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? VolumesFrom { get; init; }

    /// <summary>The main network: a network's name, <c>bridge</c>, <c>none</c>, <c>host</c>, or <c>container:</c> and another's name; left out, the first of the networks.</summary>
    [MaxLength(255)]
    public string? NetworkMode { get; init; }

    /// <summary>Networks that it is in.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<ContainerNetwork>? Networks { get; init; }

    /// <summary>Containers of the default network that it finds by name, as <c>name</c> or <c>name:alias</c>.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? Links { get; init; }

    /// <summary>Name servers.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? Dns { get; init; }

    /// <summary>Domains that names are looked for in.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? DnsSearch { get; init; }

    /// <summary>Options of the resolver.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? DnsOptions { get; init; }

    /// <summary>Names with addresses, as <c>name:address</c>.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyList<string>? ExtraHosts { get; init; }

    /// <summary>When it starts again by itself: <c>no</c>, <c>always</c>, <c>unless-stopped</c>, <c>on-failure</c>, or <c>on-failure:</c> and how often at most.</summary>
    [RegularExpression(ContainerUpdate.Policies)]
    public string? RestartPolicy { get; init; }

    /// <summary>Remove it when it ends.</summary>
    public bool AutoRemove { get; init; }

    /// <summary>Limits and reservations.</summary>
    public ContainerLimits? Resources { get; init; }

    /// <summary>Size of <c>/dev/shm</c>.</summary>
    [Range(0, long.MaxValue)]
    public long? SharedMemoryBytes { get; init; }

    /// <summary>Limits of its processes.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<NewProcessLimit>? ProcessLimits { get; init; }

    /// <summary>How willingly the kernel kills it for memory, -1000 to 1000.</summary>
    [Range(-1000, 1000)]
    public int OomScoreAdjustment { get; init; }

    /// <summary>Everything of the host is open to it.</summary>
    public bool Privileged { get; init; }

    /// <summary>Its root file system cannot be written to.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>A small init process runs it and reaps what it leaves; left out, as the engine is set up.</summary>
    public bool? Init { get; init; }

    /// <summary>Capabilities that it has beside the engine's own, such as <c>NET_ADMIN</c>.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? CapabilitiesAdded { get; init; }

    /// <summary>Capabilities that it does not have; <c>ALL</c> for all.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? CapabilitiesDropped { get; init; }

    /// <summary>Such as <c>no-new-privileges</c>, <c>seccomp=…</c>, <c>apparmor=…</c>.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<string>? SecurityOptions { get; init; }

    /// <summary>Paths that it does not see; left out, the engine's own. An empty list hides nothing.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyList<string>? MaskedPaths { get; init; }

    /// <summary>Paths that it cannot write to; left out, the engine's own. An empty list protects nothing.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyList<string>? ReadOnlyPaths { get; init; }

    /// <summary>Kernel parameters of its namespaces.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyDictionary<string, string>? Sysctls { get; init; }

    /// <summary>Device nodes of the host.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyList<NewDevice>? Devices { get; init; }

    /// <summary>Rules of the device cgroup, such as <c>c 13:* rw</c>.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyList<string>? DeviceRules { get; init; }

    /// <summary>Devices by what they can, such as graphics processors.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyList<NewDeviceRequest>? DeviceRequests { get; init; }

    /// <summary>Namespaces that it shares.</summary>
    public NewNamespaces? Namespaces { get; init; }

    /// <summary>The cgroup that its own is made in.</summary>
    [MaxLength(4095)]
    public string? CgroupParent { get; init; }

    /// <summary>The OCI runtime.</summary>
    [MaxLength(255)]
    public string? Runtime { get; init; }

    /// <summary>Options of the storage driver, such as <c>size</c>.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyDictionary<string, string>? StorageOptions { get; init; }

    /// <summary>How its health is checked.</summary>
    public NewHealthCheck? HealthCheck { get; init; }

    /// <summary>Where its log goes.</summary>
    public NewLog? Log { get; init; }

    /// <summary>Signal that asks it to end, such as <c>SIGTERM</c>.</summary>
    [MaxLength(32)]
    public string? StopSignal { get; init; }

    /// <summary>How long it may take to end before it is killed; -1 for as long as it likes.</summary>
    [Range(-1, 1_000_000)]
    public int? StopTimeoutSeconds { get; init; }
}

/// <summary>A port to publish.</summary>
/// <param name="ContainerPort">Port inside.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">Address of the host; left out for all.</param>
/// <param name="HostPort">Port of the host; left out, the engine chooses one.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewPort(
    [property: Range(1, 65535)] int ContainerPort, [property: AllowedValues("tcp", "udp", "sctp")] string Protocol = "tcp", [property: MaxLength(64)] string? HostAddress = null,
    [property: Range(1, 65535)] int? HostPort = null);

/// <summary>Something to mount.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewMount
{
    /// <summary>What sort.</summary>
    public MountKind Type { get; init; } = MountKind.Volume;

    /// <summary>Name of the volume, path on the host, or image; left out for a tmpfs, and for a volume of the container's own.</summary>
    [MaxLength(4095)]
    public string? Source { get; init; }

    /// <summary>Path inside.</summary>
    [Required, MaxLength(4095)]
    public string Target { get; init; } = "";

    /// <summary>It cannot be written to.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Of a bind: what it shares with the host of later mounts, such as <c>rslave</c>.</summary>
    [MaxLength(16)]
    public string? Propagation { get; init; }

    /// <summary>Of a bind: make the folder of the host when it is not there.</summary>
    public bool CreateSource { get; init; }

    /// <summary>Of a bind: without the mounts below it.</summary>
    public bool NonRecursive { get; init; }

    /// <summary>Of a volume: an empty one is not filled with what the image has there.</summary>
    public bool NoCopy { get; init; }

    /// <summary>Of a volume or an image: only this part of it.</summary>
    [MaxLength(4095)]
    public string? Subpath { get; init; }

    /// <summary>Of a volume that is made by this: its driver.</summary>
    [MaxLength(255)]
    public string? Driver { get; init; }

    /// <summary>Of a volume that is made by this: options of its driver.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyDictionary<string, string>? DriverOptions { get; init; }

    /// <summary>Of a volume that is made by this: its labels.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Of a tmpfs: how much fits in.</summary>
    [Range(0, long.MaxValue)]
    public long? SizeBytes { get; init; }

    /// <summary>Of a tmpfs: permission bits in octal digits, such as <c>1777</c>.</summary>
    [RegularExpression("^[0-7]{1,4}$")]
    public string? Mode { get; init; }
}

/// <summary>A limit of processes.</summary>
/// <param name="Name">Such as <c>nofile</c>.</param>
/// <param name="Soft">What holds.</param>
/// <param name="Hard">What it may be raised to.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewProcessLimit([property: Required, MaxLength(32)] string Name, [property: Range(-1, long.MaxValue)] long Soft, [property: Range(-1, long.MaxValue)] long Hard);

/// <summary>A device node.</summary>
/// <param name="HostPath">Its path on the host, or its CDI name.</param>
/// <param name="ContainerPath">Its path inside; left out, the same.</param>
/// <param name="Permissions">Of <c>r</c>, <c>w</c> and <c>m</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewDevice(
    [property: Required, MaxLength(4095)] string HostPath, [property: MaxLength(4095)] string? ContainerPath = null, [property: RegularExpression("^[rwm]{1,3}$")] string Permissions = "rwm");

/// <summary>Devices asked for by what they can.</summary>
/// <param name="Driver">Who gives them; left out, whoever can.</param>
/// <param name="Count">How many; -1 for all.</param>
/// <param name="Ids">These and no others.</param>
/// <param name="Capabilities">What they can: any of the lists, and all that is in it.</param>
/// <param name="Options">Options of the driver.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewDeviceRequest(
    [property: MaxLength(255)] string? Driver = null, [property: Range(-1, 1024)] int Count = 0, [property: MaxLength(256), NoNulls] IReadOnlyList<string>? Ids = null,
    [property: MaxLength(64), NoNulls] IReadOnlyList<IReadOnlyList<string>>? Capabilities = null, [property: MaxLength(64), NoNulls] IReadOnlyDictionary<string, string>? Options = null);

/// <summary>Namespaces: <c>host</c> for the host's, <c>container:</c> and a name for another's, <c>private</c> for its own; left out, as the engine is set up.</summary>
/// <param name="Pid">Processes.</param>
/// <param name="Ipc">Shared memory and queues; <c>shareable</c> lets others in.</param>
/// <param name="Uts">Host name.</param>
/// <param name="User">Users.</param>
/// <param name="Cgroup">Cgroups.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewNamespaces(
    [property: MaxLength(300)] string? Pid = null, [property: MaxLength(300)] string? Ipc = null, [property: MaxLength(300)] string? Uts = null, [property: MaxLength(300)] string? User = null,
    [property: MaxLength(300)] string? Cgroup = null);

/// <summary>How health is checked. Times that are left out are the engine's.</summary>
/// <param name="Test">As <c>["CMD", program, …]</c> or <c>["CMD-SHELL", line]</c>; <c>["NONE"]</c> takes away the image's own.</param>
/// <param name="IntervalSeconds">From one check to the next.</param>
/// <param name="TimeoutSeconds">How long one may take.</param>
/// <param name="StartPeriodSeconds">Time at the beginning in which failures do not count.</param>
/// <param name="StartIntervalSeconds">From one check to the next in that time.</param>
/// <param name="Retries">Failures in a row that make it unhealthy.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewHealthCheck(
    [property: MaxLength(4096), NoNulls] IReadOnlyList<string>? Test = null, [property: Range(0, 1_000_000)] double IntervalSeconds = 0, [property: Range(0, 1_000_000)] double TimeoutSeconds = 0,
    [property: Range(0, 1_000_000)] double StartPeriodSeconds = 0, [property: Range(0, 1_000_000)] double StartIntervalSeconds = 0, [property: Range(0, 1_000_000)] int Retries = 0);

/// <summary>Where a log goes.</summary>
/// <param name="Driver">Such as <c>json-file</c> or <c>none</c>; left out, the engine's.</param>
/// <param name="Options">Options of the driver.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewLog([property: MaxLength(255)] string? Driver = null, [property: MaxLength(64), NoNulls] IReadOnlyDictionary<string, string>? Options = null);

/// <summary>What became of a new container.</summary>
/// <param name="Id">Its full id.</param>
/// <param name="Warnings">What the engine has to say.</param>
/// <param name="StartProblem">Why it was not started, when it was to be; null when it runs.</param>
public sealed record CreatedContainer(string Id, IReadOnlyList<string> Warnings, string? StartProblem);
