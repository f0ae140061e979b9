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

/// <summary>A line of GET /control/v1/stats: the host and all running containers, once a second. Counters, not rates; times nanoseconds, sizes bytes.</summary>
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
}

/// <summary>A container. Network and block counters are summed over interfaces and devices.</summary>
public sealed class ControlContainerStats
{
    public string Id { get; set; } = "";

    public ulong CpuTotal { get; set; }

    public ulong ThrottledTime { get; set; }

    public ulong MemoryUsage { get; set; }

    public ulong MemoryInactiveFile { get; set; }

    public ulong MemoryLimit { get; set; }

    public ulong Pids { get; set; }

    public ulong RxBytes { get; set; }

    public ulong TxBytes { get; set; }

    public ulong ReadBytes { get; set; }

    public ulong WriteBytes { get; set; }
}
