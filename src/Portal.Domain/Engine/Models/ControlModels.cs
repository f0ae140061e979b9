using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /control/v1/host: tells a Portal agent from other engines.</summary>
public sealed class ControlHost
{
    public string AgentVersion { get; set; } = "";

    /// <summary>Stable random id of this agent, 32 hexadecimal digits.</summary>
    public string HostId { get; set; } = "";

    public string Hostname { get; set; } = "";

    /// <summary>RFC 3339.</summary>
    public string StartedAt { get; set; } = "";
}

/// <summary>
/// A line of GET /control/v1/stats: the host and all running containers, once a second. Counters, not rates; times nanoseconds, sizes
/// bytes. What is zero is left out.
/// </summary>
public sealed class ControlStatsBatch
{
    /// <summary>RFC 3339 with nanoseconds.</summary>
    public string Time { get; set; } = "";

    public ControlHostStats Host { get; set; } = new();

    public List<ControlContainerStats> Containers { get; set; } = [];
}

/// <summary>The host.</summary>
public sealed class ControlHostStats
{
    public ulong CpuTotal { get; set; }

    public ulong CpuIdle { get; set; }

    public int OnlineCpus { get; set; }

    public ulong MemoryTotal { get; set; }

    public ulong MemoryAvailable { get; set; }

    public ulong DiskTotal { get; set; }

    public ulong DiskFree { get; set; }

    public double Load1 { get; set; }

    /// <summary>Null where the kernel does not count it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ControlPressure? Pressure { get; set; }
}

/// <summary>A container. Network and block counters are summed over interfaces and devices.</summary>
public sealed class ControlContainerStats
{
    public string Id { get; set; } = "";

    public ulong CpuTotal { get; set; }

    /// <summary>Periods of a processor quota; 0 without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Periods { get; set; }

    /// <summary>Those in which the quota ran out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong ThrottledPeriods { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong ThrottledTime { get; set; }

    public ulong MemoryUsage { get; set; }

    /// <summary>Page cache not used of late. The working set is the usage without it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong MemoryInactiveFile { get; set; }

    public ulong MemoryLimit { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong SwapUsage { get; set; }

    public ulong Pids { get; set; }

    /// <summary>0 for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong PidsLimit { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong RxBytes { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong TxBytes { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong ReadBytes { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong WriteBytes { get; set; }

    /// <summary>Null where the kernel does not count it (cgroup v1).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ControlPressure? Pressure { get; set; }
}

/// <summary>Pressure stall information: how long some, or all, tasks stood still for want of something.</summary>
public sealed class ControlPressure
{
    public ulong CpuSome { get; set; }

    public ulong CpuFull { get; set; }

    public ulong MemorySome { get; set; }

    public ulong MemoryFull { get; set; }

    public ulong IoSome { get; set; }

    public ulong IoFull { get; set; }
}
