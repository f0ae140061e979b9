using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Tests.Cgroups;

namespace Portal.Benchmarks.Cgroups;

/// <summary>What one second of live statistics costs: all containers in one pass, over files a kernel once printed.</summary>
[MemoryDiagnoser]
public class StatsPassBenchmarks : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("stats").FullName;
    private readonly List<WatchedContainer> _watched = [];
    private StatsSampler? _sampler;
    private HostReader? _host;
    private StatsPass? _pass;

    [Params(1, 100, 1000)]
    public int Containers { get; set; }

    [Params(CgroupVersion.V1, CgroupVersion.V2)]
    public CgroupVersion Version { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var running = new FakeRunning();
        RecordedTree.WriteProc(_root + "/proc");
        for (var i = 0; i < Containers; i++)
        {
            var id = new ContainerId(i.ToString("x64", null));
            RecordedTree.WriteV1(_root + "/v1", id);
            RecordedTree.WriteV2(_root + "/v2", id);
            RecordedTree.WriteProcess(_root + "/proc", 1000 + i);
            running.Start(id, 1000 + i);
            _watched.Add(new(id));
        }

        var locator = Version == CgroupVersion.V1 ? RecordedTree.LocateV1(_root + "/v1") : RecordedTree.LocateV2(_root + "/v2");
        _sampler = new(running, locator, new RuntimeOptions { DataRoot = _root }, TimeProvider.System, NullLogger.Instance, _root + "/proc");
        _host = _sampler.OpenHost();
        _pass = _sampler.OpenPass(_host);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _pass?.Dispose();
        _host?.Dispose();
        _sampler?.Dispose();
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>As the portal reads them.</summary>
    [Benchmark]
    public object All() => _pass!.Read([], all: true)!;

    /// <summary>As <c>docker stats</c> reads them.</summary>
    [Benchmark]
    public object EachInDetail()
    {
        _ = _pass!.Read(_watched, all: false);
        return _watched;
    }
}
