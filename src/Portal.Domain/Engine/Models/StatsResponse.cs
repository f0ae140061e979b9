using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /containers/{id}/stats. Names are as on the wire; times are nanoseconds, sizes bytes. What Docker leaves out when it is zero is left out.</summary>
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

    /// <summary>Windows only; 0 here.</summary>
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
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, StatsNetwork>? Networks { get; set; }
}

/// <summary>Processes.</summary>
public sealed class StatsPids
{
    [JsonPropertyName("current")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Current { get; set; }

    [JsonPropertyName("limit")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Limit { get; set; }
}

/// <summary>Windows only; empty here.</summary>
public sealed class StatsStorage
{
}

/// <summary>Block I/O. Null is what a cgroup v2 or a container that does not run has nothing to say about.</summary>
public sealed class StatsBlkio
{
    [JsonPropertyName("io_service_bytes_recursive")]
    public List<StatsBlkioItem>? IoServiceBytesRecursive { get; set; }

    [JsonPropertyName("io_serviced_recursive")]
    public List<StatsBlkioItem>? IoServicedRecursive { get; set; }

    [JsonPropertyName("io_queue_recursive")]
    public List<StatsBlkioItem>? IoQueueRecursive { get; set; }

    [JsonPropertyName("io_service_time_recursive")]
    public List<StatsBlkioItem>? IoServiceTimeRecursive { get; set; }

    [JsonPropertyName("io_wait_time_recursive")]
    public List<StatsBlkioItem>? IoWaitTimeRecursive { get; set; }

    [JsonPropertyName("io_merged_recursive")]
    public List<StatsBlkioItem>? IoMergedRecursive { get; set; }

    [JsonPropertyName("io_time_recursive")]
    public List<StatsBlkioItem>? IoTimeRecursive { get; set; }

    [JsonPropertyName("sectors_recursive")]
    public List<StatsBlkioItem>? SectorsRecursive { get; set; }
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
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong SystemUsage { get; set; }

    [JsonPropertyName("online_cpus")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int OnlineCpus { get; set; }

    [JsonPropertyName("throttling_data")]
    public StatsThrottling Throttling { get; set; } = new();
}

/// <summary>Counters.</summary>
public sealed class StatsCpuUsage
{
    [JsonPropertyName("total_usage")]
    public ulong Total { get; set; }

    /// <summary>By processor; cgroup v1 only.</summary>
    [JsonPropertyName("percpu_usage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public IReadOnlyList<ulong>? PerCpu { get; set; }

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
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Usage { get; set; }

    /// <summary>Most that was ever used; cgroup v1 only.</summary>
    [JsonPropertyName("max_usage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong MaxUsage { get; set; }

    /// <summary>How often the limit was hit.</summary>
    [JsonPropertyName("failcnt")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Failcnt { get; set; }

    [JsonPropertyName("limit")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Limit { get; set; }

    [JsonPropertyName("stats")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
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
