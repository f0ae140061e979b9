using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Tests.Cgroups;

namespace Portal.Benchmarks.Cgroups;

/// <summary>What the statistics cost on their way out: one object of a container's own stream, and the portal's line of many containers.</summary>
[MemoryDiagnoser]
public class StatsJsonBenchmarks : IDisposable
{
    private static readonly ContainerId s_id = new(new string('a', 64));
    private static readonly ContainerSnapshot s_container = new(
        s_id, "web", DateTimeOffset.UnixEpoch, new ContainerSpec { Image = "busybox" },
        new([], ["sh"], [], "/", "", new Dictionary<string, string>(), [], 15), Digest.Of("busybox"u8), ContainerStatus.Created, null, [], "/log", 0);

    private readonly string _root = Directory.CreateTempSubdirectory("stats").FullName;
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly Utf8JsonWriter _json;
    private ContainerReading _reading;
    private StatsBatch? _batch;

    public StatsJsonBenchmarks() => _json = new(_output);

    [Params(CgroupVersion.V1, CgroupVersion.V2)]
    public CgroupVersion Version { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var running = new FakeRunning();
        RecordedTree.WriteProc(_root + "/proc");
        RecordedTree.WriteProcess(_root + "/proc", 42);
        RecordedTree.WriteV1(_root + "/v1", s_id);
        RecordedTree.WriteV2(_root + "/v2", s_id);
        running.Start(s_id, 42);
        var locator = Version == CgroupVersion.V1 ? RecordedTree.LocateV1(_root + "/v1") : RecordedTree.LocateV2(_root + "/v2");
        using var sampler = new StatsSampler(running, locator, new RuntimeOptions { DataRoot = _root }, TimeProvider.System, NullLogger.Instance, _root + "/proc");
        using var host = sampler.OpenHost();
        using var pass = sampler.OpenPass(host);
        _reading = new(sampler.Read(s_id), sampler.Read(s_id));
        var batch = pass.Read([], all: true)!;
        _batch = batch with { Containers = [.. Enumerable.Repeat(batch.Containers[0], 100)] };
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _json.Dispose();
        Directory.Delete(_root, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public int EngineObject()
    {
        _output.ResetWrittenCount();
        _json.Reset(_output);
        JsonSerializer.Serialize(_json, StatsMapping.Map(s_container, _reading), EngineJson.Default.StatsResponse);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int ControlLineOf100()
    {
        _output.ResetWrittenCount();
        _json.Reset(_output);
        JsonSerializer.Serialize(_json, StatsMapping.Map(_batch!), EngineJson.Default.ControlStatsBatch);
        return _output.WrittenCount;
    }
}
