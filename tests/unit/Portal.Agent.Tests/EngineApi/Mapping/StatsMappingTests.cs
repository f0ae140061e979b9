using System.Text.Json;
using Portal.Agent.EngineApi.Mapping;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Engine;
using Portal.Runtime.Cgroups;

namespace Portal.Agent.Tests.EngineApi.Mapping;

public sealed class StatsMappingTests
{
    private static readonly ContainerDetails s_v1 = new()
    {
        Version = CgroupVersion.V1,
        PerCpu = [60, 40],
        MemoryMaxUsage = 900,
        MemoryFailures = 3,
        MemoryStat = new Dictionary<string, ulong> { ["cache"] = 1, ["shmem"] = 2, ["total_inactive_file"] = 3, ["total_swap"] = 4 },
        Interfaces = [new("eth0", 1, 2, 3, 4, 5, 6, 7, 8)],
        BlockBytes = [new(8, 0, "Read", 10), new(8, 0, "Sync", 11)],
        BlockRequests = [new(8, 0, "Read", 1)],
    };

    private static readonly ContainerDetails s_v2 = new()
    {
        Version = CgroupVersion.V2,
        MemoryFailures = 2,
        MemoryStat = new Dictionary<string, ulong>
        {
            ["inactive_file"] = 3, ["percpu"] = 9, ["workingset_refault_anon"] = 20, ["workingset_refault_file"] = 22,
        },
        BlockBytes = [new(8, 0, "read", 10), new(8, 0, "write", 20)],
    };

    private static JsonElement Json(ContainerSample? current, ContainerSample? previous = null) =>
        JsonSerializer.SerializeToElement(StatsMapping.Map(Some.Container(), new(current, previous)), EngineJson.Default.StatsResponse);

    private static ContainerSample Sample(ContainerDetails? details, ulong pidsLimit = 0) => new()
    {
        Id = Some.Id, Time = Some.Time, CpuTotal = 100, SystemCpu = 1000, OnlineCpus = 2, MemoryUsage = 500, MemoryLimit = 1000, PidsCurrent = 7, PidsLimit = pidsLimit, Details = details,
    };

    [Fact]
    public void V1_HasDockersMembersAndKeysOfThatVersion()
    {
        var stats = Json(Sample(s_v1));

        Assert.Equal("[60,40]", stats.GetProperty("cpu_stats").GetProperty("cpu_usage").GetProperty("percpu_usage").GetRawText());
        Assert.Equal("""{"usage":500,"max_usage":900,"failcnt":3,"limit":1000,"stats":{"cache":1,"total_inactive_file":3}}""", stats.GetProperty("memory_stats").GetRawText());
        Assert.Equal("""{"current":7}""", stats.GetProperty("pids_stats").GetRawText());
        Assert.Equal(
            """[{"major":8,"minor":0,"op":"Read","value":10},{"major":8,"minor":0,"op":"Sync","value":11}]""",
            stats.GetProperty("blkio_stats").GetProperty("io_service_bytes_recursive").GetRawText());
        Assert.Equal("[]", stats.GetProperty("blkio_stats").GetProperty("sectors_recursive").GetRawText());
        Assert.Equal(8, stats.GetProperty("networks").GetProperty("eth0").GetProperty("tx_dropped").GetInt32());
    }

    [Fact]
    public void V2_HasDockersMembersAndKeysOfThatVersion()
    {
        var stats = Json(Sample(s_v2));

        Assert.False(stats.GetProperty("cpu_stats").GetProperty("cpu_usage").TryGetProperty("percpu_usage", out _));
        Assert.Equal("""{"usage":500,"failcnt":2,"limit":1000,"stats":{"inactive_file":3,"workingset_refault":42}}""", stats.GetProperty("memory_stats").GetRawText());
        Assert.Equal(ulong.MaxValue, stats.GetProperty("pids_stats").GetProperty("limit").GetUInt64());
        Assert.Equal(JsonValueKind.Null, stats.GetProperty("blkio_stats").GetProperty("sectors_recursive").ValueKind);
        Assert.False(stats.TryGetProperty("networks", out _));
    }

    [Fact]
    public void Previous_ReadWithoutDetails_IsThereAllTheSame()
    {
        var stats = Json(Sample(s_v1), Sample(null) with { CpuTotal = 60 });

        Assert.Equal(60, stats.GetProperty("precpu_stats").GetProperty("cpu_usage").GetProperty("total_usage").GetInt32());
        Assert.Equal(2, stats.GetProperty("precpu_stats").GetProperty("online_cpus").GetInt32());
    }

    [Fact]
    public void PidsLimit_Set_IsShownOnBothVersions()
    {
        Assert.Equal(77, Json(Sample(s_v1, 77)).GetProperty("pids_stats").GetProperty("limit").GetInt32());
        Assert.Equal(77, Json(Sample(s_v2, 77)).GetProperty("pids_stats").GetProperty("limit").GetInt32());
    }
}
