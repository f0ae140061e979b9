using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /containers/{id}/stats. Names are as on the wire; times are nanoseconds, sizes bytes.</summary>
public sealed class StatsResponse
{
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("id")]
    public string Id { get; set; } = "";

    [JsonPropertyName("read")]
    public string Read { get; set; } = "";

    [JsonPropertyName("preread")]
    public string PreRead { get; set; } = "";

    [JsonPropertyName("pids_stats")]
    public StatsPids Pids { get; set; } = new();

    [JsonPropertyName("blkio_stats")]
    public StatsBlkio Blkio { get; set; } = new();

    [JsonPropertyName("num_procs")]
    public int NumProcs { get; set; }

    [JsonPropertyName("storage_stats")]
    public StatsStorage Storage { get; set; } = new();

    [JsonPropertyName("cpu_stats")]
    public StatsCpu Cpu { get; set; } = new();

    [JsonPropertyName("precpu_stats")]
    public StatsCpu PreCpu { get; set; } = new();

    [JsonPropertyName("memory_stats")]
    public StatsMemory Memory { get; set; } = new();

    [JsonPropertyName("networks")]
    public Dictionary<string, StatsNetwork>? Networks { get; set; }
}

/// <summary>Processes.</summary>
public sealed class StatsPids
{
    [JsonPropertyName("current")]
    public ulong Current { get; set; }

    [JsonPropertyName("limit")]
    public ulong Limit { get; set; }
}

/// <summary>Windows only; empty here.</summary>
public sealed class StatsStorage
{
}

/// <summary>Block I/O.</summary>
public sealed class StatsBlkio
{
    [JsonPropertyName("io_service_bytes_recursive")]
    public List<StatsBlkioItem>? IoServiceBytesRecursive { get; set; } = [];

    [JsonPropertyName("io_serviced_recursive")]
    public List<StatsBlkioItem>? IoServicedRecursive { get; set; } = [];
}

/// <summary>A counter of one device.</summary>
public sealed class StatsBlkioItem
{
    [JsonPropertyName("major")]
    public ulong Major { get; set; }

    [JsonPropertyName("minor")]
    public ulong Minor { get; set; }

    [JsonPropertyName("op")]
    public string Op { get; set; } = "";

    [JsonPropertyName("value")]
    public ulong Value { get; set; }
}

/// <summary>Processor time.</summary>
public sealed class StatsCpu
{
    [JsonPropertyName("cpu_usage")]
    public StatsCpuUsage Usage { get; set; } = new();

    [JsonPropertyName("system_cpu_usage")]
    public ulong SystemUsage { get; set; }

    [JsonPropertyName("online_cpus")]
    public int OnlineCpus { get; set; }

    [JsonPropertyName("throttling_data")]
    public StatsThrottling Throttling { get; set; } = new();
}

/// <summary>Counters.</summary>
public sealed class StatsCpuUsage
{
    [JsonPropertyName("total_usage")]
    public ulong Total { get; set; }

    [JsonPropertyName("usage_in_kernelmode")]
    public ulong Kernel { get; set; }

    [JsonPropertyName("usage_in_usermode")]
    public ulong User { get; set; }
}

/// <summary>CFS throttling.</summary>
public sealed class StatsThrottling
{
    [JsonPropertyName("periods")]
    public ulong Periods { get; set; }

    [JsonPropertyName("throttled_periods")]
    public ulong ThrottledPeriods { get; set; }

    [JsonPropertyName("throttled_time")]
    public ulong ThrottledTime { get; set; }
}

/// <summary>Memory.</summary>
public sealed class StatsMemory
{
    [JsonPropertyName("usage")]
    public ulong Usage { get; set; }

    [JsonPropertyName("limit")]
    public ulong Limit { get; set; }

    [JsonPropertyName("stats")]
    public Dictionary<string, ulong>? Stats { get; set; }
}

/// <summary>Counters of one interface.</summary>
public sealed class StatsNetwork
{
    [JsonPropertyName("rx_bytes")]
    public ulong RxBytes { get; set; }

    [JsonPropertyName("rx_packets")]
    public ulong RxPackets { get; set; }

    [JsonPropertyName("rx_errors")]
    public ulong RxErrors { get; set; }

    [JsonPropertyName("rx_dropped")]
    public ulong RxDropped { get; set; }

    [JsonPropertyName("tx_bytes")]
    public ulong TxBytes { get; set; }

    [JsonPropertyName("tx_packets")]
    public ulong TxPackets { get; set; }

    [JsonPropertyName("tx_errors")]
    public ulong TxErrors { get; set; }

    [JsonPropertyName("tx_dropped")]
    public ulong TxDropped { get; set; }
}
