using System.Text.Json.Serialization;

namespace Portal.Runtime.Oci;

/// <summary>config.json of the OCI runtime specification 1.0.2. Members left null are not written.</summary>
internal sealed record OciSpec
{
    public string OciVersion { get; init; } = "1.0.2";

    public required OciProcess Process { get; init; }

    public required OciRoot Root { get; init; }

    public string? Hostname { get; init; }

    public required IReadOnlyList<OciMount> Mounts { get; init; }

    public required OciLinux Linux { get; init; }

    public OciHooks? Hooks { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>Programs of the host that the runtime runs at points of a container's life.</summary>
internal sealed record OciHooks
{
    public IReadOnlyList<OciHook>? Prestart { get; init; }

    public IReadOnlyList<OciHook>? CreateRuntime { get; init; }

    public IReadOnlyList<OciHook>? CreateContainer { get; init; }

    public IReadOnlyList<OciHook>? StartContainer { get; init; }

    public IReadOnlyList<OciHook>? Poststart { get; init; }

    public IReadOnlyList<OciHook>? Poststop { get; init; }
}

/// <param name="Path">Absolute.</param>
/// <param name="Args">The program's name first.</param>
/// <param name="Env"><c>NAME=value</c>.</param>
/// <param name="Timeout">Seconds.</param>
internal sealed record OciHook(string Path, IReadOnlyList<string>? Args, IReadOnlyList<string>? Env, int? Timeout);

/// <param name="Path">Root file system on the host.</param>
/// <param name="Readonly">Mounted read-only inside.</param>
internal sealed record OciRoot(string Path, bool Readonly);

/// <summary>The <c>process</c> object; also the whole of an exec's process file.</summary>
internal sealed record OciProcess
{
    public bool Terminal { get; init; }

    public required OciUser User { get; init; }

    public required IReadOnlyList<string> Args { get; init; }

    public required IReadOnlyList<string> Env { get; init; }

    public required string Cwd { get; init; }

    public required OciCapabilities Capabilities { get; init; }

    public IReadOnlyList<OciRlimit>? Rlimits { get; init; }

    public bool NoNewPrivileges { get; init; }

    public string? ApparmorProfile { get; init; }

    public int? OomScoreAdj { get; init; }
}

internal sealed record OciUser(uint Uid, uint Gid, IReadOnlyList<uint>? AdditionalGids);

internal sealed record OciCapabilities(
    IReadOnlyList<string> Bounding, IReadOnlyList<string> Effective, IReadOnlyList<string> Permitted,
    IReadOnlyList<string> Inheritable, IReadOnlyList<string> Ambient);

internal sealed record OciRlimit(string Type, ulong Hard, ulong Soft);

internal sealed record OciMount(string Destination, string Type, string Source, IReadOnlyList<string> Options);

internal sealed record OciLinux
{
    public required IReadOnlyList<OciNamespace> Namespaces { get; init; }

    public IReadOnlyList<OciIdMapping>? UidMappings { get; init; }

    public IReadOnlyList<OciIdMapping>? GidMappings { get; init; }

    public required OciResources Resources { get; init; }

    public required string CgroupsPath { get; init; }

    public IReadOnlyList<OciDevice>? Devices { get; init; }

    public IReadOnlyDictionary<string, string>? Sysctl { get; init; }

    public OciSeccomp? Seccomp { get; init; }

    public string? RootfsPropagation { get; init; }

    public IReadOnlyList<string>? MaskedPaths { get; init; }

    public IReadOnlyList<string>? ReadonlyPaths { get; init; }
}

internal sealed record OciIdMapping([property: JsonPropertyName("containerID")] uint ContainerId, [property: JsonPropertyName("hostID")] uint HostId, uint Size);

internal sealed record OciNamespace(string Type, string? Path = null);

/// <summary>A device node to make inside.</summary>
internal sealed record OciDevice(string Path, string Type, long Major, long Minor, int? FileMode, uint Uid, uint Gid);

/// <summary>Limits, and which devices may be used.</summary>
internal sealed record OciResources
{
    /// <summary>In this order; null leaves the rules as they are (<c>update</c>).</summary>
    public IReadOnlyList<OciDeviceRule>? Devices { get; init; }

    public OciMemory? Memory { get; init; }

    public OciCpu? Cpu { get; init; }

    public OciPids? Pids { get; init; }

    [JsonPropertyName("blockIO")]
    public OciBlockIO? BlockIO { get; init; }
}

internal sealed record OciDeviceRule(bool Allow, string Access, string? Type = null, long? Major = null, long? Minor = null);

internal sealed record OciMemory(long? Limit, long? Reservation, long? Swap)
{
    public static OciMemory None { get; } = new(null, null, null);

    public long? KernelTCP { get; init; }

    public long? Swappiness { get; init; }

    public bool? DisableOOMKiller { get; init; }
}

internal sealed record OciCpu(long? Shares, long? Quota, long? Period, string? Cpus, string? Mems)
{
    public static OciCpu None { get; } = new(null, null, null, null, null);

    public long? RealtimeRuntime { get; init; }

    public long? RealtimePeriod { get; init; }
}

internal sealed record OciPids(long Limit);

internal sealed record OciBlockIO
{
    public static OciBlockIO None { get; } = new();

    public int? Weight { get; init; }

    public IReadOnlyList<OciWeightDevice>? WeightDevice { get; init; }

    public IReadOnlyList<OciThrottleDevice>? ThrottleReadBpsDevice { get; init; }

    public IReadOnlyList<OciThrottleDevice>? ThrottleWriteBpsDevice { get; init; }

    public IReadOnlyList<OciThrottleDevice>? ThrottleReadIOPSDevice { get; init; }

    public IReadOnlyList<OciThrottleDevice>? ThrottleWriteIOPSDevice { get; init; }
}

internal sealed record OciWeightDevice(long Major, long Minor, int Weight);

internal sealed record OciThrottleDevice(long Major, long Minor, long Rate);

internal sealed record OciSeccomp
{
    public required string DefaultAction { get; init; }

    public int? DefaultErrnoRet { get; init; }

    public IReadOnlyList<string>? Architectures { get; init; }

    public IReadOnlyList<string>? Flags { get; init; }

    public IReadOnlyList<OciSyscall>? Syscalls { get; init; }
}

internal sealed record OciSyscall(IReadOnlyList<string> Names, string Action, int? ErrnoRet = null, IReadOnlyList<OciSyscallArgument>? Args = null);

internal sealed record OciSyscallArgument(int Index, ulong Value, ulong? ValueTwo, string Op);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciSpec))]
[JsonSerializable(typeof(OciProcess))]
[JsonSerializable(typeof(OciResources))]
[JsonSerializable(typeof(OciSeccomp))]
[JsonSerializable(typeof(SeccompProfile))]
internal sealed partial class OciJson : JsonSerializerContext;
