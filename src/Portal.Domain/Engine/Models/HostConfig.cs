using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>The host-dependent part of a container. Sizes are bytes.</summary>
public sealed class HostConfig
{
    public List<string>? Binds { get; set; } = [];

    public string? ContainerIDFile { get; set; }

    public LogConfig? LogConfig { get; set; }

    public string? NetworkMode { get; set; }

    public Dictionary<string, List<PortBindingItem>?>? PortBindings { get; set; }

    public RestartPolicyConfig? RestartPolicy { get; set; }

    public bool AutoRemove { get; set; }

    public string? VolumeDriver { get; set; }

    public List<string>? VolumesFrom { get; set; } = [];

    public List<int>? ConsoleSize { get; set; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Annotations { get; set; }

    public List<string>? CapAdd { get; set; } = [];

    public List<string>? CapDrop { get; set; } = [];

    public string? CgroupnsMode { get; set; }

    public List<string>? Dns { get; set; } = [];

    public List<string>? DnsOptions { get; set; } = [];

    public List<string>? DnsSearch { get; set; } = [];

    public List<string>? ExtraHosts { get; set; } = [];

    public List<string>? GroupAdd { get; set; } = [];

    public string? IpcMode { get; set; }

    public string? Cgroup { get; set; }

    public List<string>? Links { get; set; } = [];

    public int OomScoreAdj { get; set; }

    public string? PidMode { get; set; }

    public bool Privileged { get; set; }

    public bool PublishAllPorts { get; set; }

    public bool ReadonlyRootfs { get; set; }

    public List<string>? SecurityOpt { get; set; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? StorageOpt { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Tmpfs { get; set; }

    public string? UTSMode { get; set; }

    public string? UsernsMode { get; set; }

    public long ShmSize { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Sysctls { get; set; }

    public string? Runtime { get; set; }

    public string? Isolation { get; set; }

    public long CpuShares { get; set; }

    public long Memory { get; set; }

    public long NanoCpus { get; set; }

    public string? CgroupParent { get; set; }

    public int BlkioWeight { get; set; }

    public List<BlkioWeightDevice>? BlkioWeightDevice { get; set; } = [];

    public List<BlkioThrottleDevice>? BlkioDeviceReadBps { get; set; } = [];

    public List<BlkioThrottleDevice>? BlkioDeviceWriteBps { get; set; } = [];

    public List<BlkioThrottleDevice>? BlkioDeviceReadIOps { get; set; } = [];

    public List<BlkioThrottleDevice>? BlkioDeviceWriteIOps { get; set; } = [];

    public long CpuPeriod { get; set; }

    public long CpuQuota { get; set; }

    public long CpuRealtimePeriod { get; set; }

    public long CpuRealtimeRuntime { get; set; }

    public string? CpusetCpus { get; set; }

    public string? CpusetMems { get; set; }

    public List<DeviceMapping>? Devices { get; set; } = [];

    public List<string>? DeviceCgroupRules { get; set; } = [];

    public List<DeviceRequest>? DeviceRequests { get; set; } = [];

    /// <summary>Before 1.42 only; without effect on kernels from 5.16 on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? KernelMemory { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? KernelMemoryTCP { get; set; }

    public long MemoryReservation { get; set; }

    public long MemorySwap { get; set; }

    public long? MemorySwappiness { get; set; }

    public bool? OomKillDisable { get; set; }

    public long? PidsLimit { get; set; }

    public List<UlimitItem>? Ulimits { get; set; } = [];

    public long CpuCount { get; set; }

    public long CpuPercent { get; set; }

    public long IOMaximumIOps { get; set; }

    public long IOMaximumBandwidth { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<MountItem>? Mounts { get; set; } = [];

    /// <summary>Null takes the defaults; an empty list masks nothing.</summary>
    public List<string>? MaskedPaths { get; set; }

    /// <summary>Null takes the defaults; an empty list protects nothing.</summary>
    public List<string>? ReadonlyPaths { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Init { get; set; }
}

/// <summary>Logging driver.</summary>
public sealed class LogConfig
{
    public string? Type { get; set; }

    public Dictionary<string, string>? Config { get; set; }
}

/// <summary>One place a port is published at.</summary>
public sealed class PortBindingItem
{
    public string? HostIp { get; set; }

    public string? HostPort { get; set; }
}

/// <summary>Restart policy.</summary>
public sealed class RestartPolicyConfig
{
    public string? Name { get; set; }

    public int MaximumRetryCount { get; set; }
}

/// <summary>Weight of one device.</summary>
public sealed class BlkioWeightDevice
{
    public string? Path { get; set; }

    public int Weight { get; set; }
}

/// <summary>Rate limit of one device.</summary>
public sealed class BlkioThrottleDevice
{
    public string? Path { get; set; }

    public long Rate { get; set; }
}

/// <summary>A device given to the container.</summary>
public sealed class DeviceMapping
{
    public string? PathOnHost { get; set; }

    public string? PathInContainer { get; set; }

    public string? CgroupPermissions { get; set; }
}

/// <summary>A device asked for by capability.</summary>
public sealed class DeviceRequest
{
    public string? Driver { get; set; }

    public int Count { get; set; }

    public List<string>? DeviceIDs { get; set; } = [];

    public List<List<string>>? Capabilities { get; set; } = [];

    public Dictionary<string, string>? Options { get; set; }
}

/// <summary>A resource limit of processes.</summary>
public sealed class UlimitItem
{
    public string? Name { get; set; }

    public long Soft { get; set; }

    public long Hard { get; set; }
}
