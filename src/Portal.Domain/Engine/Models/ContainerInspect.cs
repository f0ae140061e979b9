using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /containers/{id}/json.</summary>
public sealed class ContainerInspect
{
    public string Id { get; set; } = "";

    public string Created { get; set; } = "";

    public string Path { get; set; } = "";

    public List<string> Args { get; set; } = [];

    public ContainerInspectState State { get; set; } = new();

    public string Image { get; set; } = "";

    public string ResolvConfPath { get; set; } = "";

    public string HostnamePath { get; set; } = "";

    public string HostsPath { get; set; } = "";

    public string LogPath { get; set; } = "";

    public string Name { get; set; } = "";

    public int RestartCount { get; set; }

    public string Driver { get; set; } = "";

    public string Platform { get; set; } = "";

    public string MountLabel { get; set; } = "";

    public string ProcessLabel { get; set; } = "";

    public string AppArmorProfile { get; set; } = "";

    public List<string>? ExecIDs { get; set; } = [];

    public HostConfig HostConfig { get; set; } = new();

    public GraphDriver GraphDriver { get; set; } = new();

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeRw { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeRootFs { get; set; }

    public List<MountPoint> Mounts { get; set; } = [];

    public ContainerConfig Config { get; set; } = new();

    public NetworkSettings NetworkSettings { get; set; } = new();
}

/// <summary>State. Times are RFC 3339 with nanoseconds.</summary>
public sealed class ContainerInspectState
{
    public string Status { get; set; } = "";

    public bool Running { get; set; }

    public bool Paused { get; set; }

    public bool Restarting { get; set; }

    public bool OOMKilled { get; set; }

    public bool Dead { get; set; }

    public int Pid { get; set; }

    public int ExitCode { get; set; }

    public string Error { get; set; } = "";

    public string StartedAt { get; set; } = "";

    public string FinishedAt { get; set; } = "";

    /// <summary>Only with a health check.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ContainerHealth? Health { get; set; }

    /// <summary>Bytes of output that are missing in the log, about: the disk was full. Of this engine only, and only when there are any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LogBytesLost { get; set; }
}

/// <summary>What health checks found.</summary>
public sealed class ContainerHealth
{
    /// <summary><c>starting</c>, <c>healthy</c>, <c>unhealthy</c>.</summary>
    public string Status { get; set; } = "";

    public int FailingStreak { get; set; }

    /// <summary>The last five, oldest first.</summary>
    public List<ContainerHealthProbe> Log { get; set; } = [];
}

/// <summary>One probe. Times are RFC 3339.</summary>
public sealed class ContainerHealthProbe
{
    public string Start { get; set; } = "";

    public string End { get; set; } = "";

    /// <summary>0 healthy, other codes unhealthy, -1 when the probe did not end by itself.</summary>
    public int ExitCode { get; set; }

    public string Output { get; set; } = "";
}

/// <summary>Storage driver.</summary>
public sealed class GraphDriver
{
    public string Name { get; set; } = "";

    public Dictionary<string, string>? Data { get; set; }
}

/// <summary>A mount in force.</summary>
public sealed class MountPoint
{
    public string Type { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; set; }

    public string Source { get; set; } = "";

    public string Destination { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Driver { get; set; }

    public string Mode { get; set; } = "";

    public bool RW { get; set; }

    public string Propagation { get; set; } = "";
}

/// <summary>Places in networks; the top-level address members repeat the default bridge.</summary>
public sealed class NetworkSettings
{
    public string Bridge { get; set; } = "";

    public string SandboxID { get; set; } = "";

    public string SandboxKey { get; set; } = "";

    public Dictionary<string, List<PortBindingItem>?> Ports { get; set; } = [];

    public bool HairpinMode { get; set; }

    public string LinkLocalIPv6Address { get; set; } = "";

    public int LinkLocalIPv6PrefixLen { get; set; }

    /// <summary>Always null here, as in every Docker of today.</summary>
    public List<string>? SecondaryIPAddresses { get; set; }

    /// <summary>Always null here, as in every Docker of today.</summary>
    public List<string>? SecondaryIPv6Addresses { get; set; }

    public string EndpointID { get; set; } = "";

    public string Gateway { get; set; } = "";

    public string GlobalIPv6Address { get; set; } = "";

    public int GlobalIPv6PrefixLen { get; set; }

    public string IPAddress { get; set; } = "";

    public int IPPrefixLen { get; set; }

    public string IPv6Gateway { get; set; } = "";

    public string MacAddress { get; set; } = "";

    public Dictionary<string, EndpointSettings> Networks { get; set; } = [];
}

/// <summary>A place in one network.</summary>
public sealed class EndpointSettings
{
    public EndpointIpamConfig? IPAMConfig { get; set; }

    public List<string>? Links { get; set; } = [];

    public List<string>? Aliases { get; set; } = [];

    public string? MacAddress { get; set; }

    public Dictionary<string, string>? DriverOpts { get; set; }

    public int GwPriority { get; set; }

    public string? NetworkID { get; set; }

    public string? EndpointID { get; set; }

    public string? Gateway { get; set; }

    public string? IPAddress { get; set; }

    public int IPPrefixLen { get; set; }

    public string? IPv6Gateway { get; set; }

    public string? GlobalIPv6Address { get; set; }

    public int GlobalIPv6PrefixLen { get; set; }

    public List<string>? DNSNames { get; set; } = [];
}

/// <summary>Addresses asked for.</summary>
public sealed class EndpointIpamConfig
{
    public string? IPv4Address { get; set; }

    public string? IPv6Address { get; set; }

    public List<string>? LinkLocalIPs { get; set; } = [];
}
