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
    private const int Pid = 42;

    private readonly string _root = Directory.CreateTempSubdirectory("stats").FullName;
    private readonly Dictionary<ContainerId, ICgroup> _open = [];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private StatsSampler? _sampler;
    private HostReader? _host;

    [Params(100)]
    public int Containers { get; set; }

    [Params(CgroupVersion.V1, CgroupVersion.V2)]
    public CgroupVersion Version { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var running = Enumerable.Range(0, Containers).Select(i => (new ContainerId(i.ToString("x64", null)), Pid, false)).ToList();
        foreach (var (id, _, _) in running)
        {
            RecordedTree.WriteV1(_root + "/v1", id);
            RecordedTree.WriteV2(_root + "/v2", id);
        }

        RecordedTree.WriteProc(_root + "/proc", Pid);
        var locator = Version == CgroupVersion.V1 ? RecordedTree.LocateV1(_root + "/v1") : RecordedTree.LocateV2(_root + "/v2");
        _sampler = new(new Running(running), locator, new RuntimeOptions { DataRoot = _root }, TimeProvider.System, NullLogger.Instance, _root + "/proc");
        _host = new(_root + "/proc", _root, TimeProvider.System);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        foreach (var cgroup in _open.Values)
        {
            cgroup.Dispose();
        }

        _sampler?.Dispose();
        _host?.Dispose();
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }

        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public object Pass() => _sampler!.Pass(_host!, _open, _buffer);

    private sealed class Running(IReadOnlyList<(ContainerId Id, int Pid, bool HostNetwork)> containers) : IRunningContainers
    {
        public IReadOnlyList<(ContainerId Id, int Pid, bool HostNetwork)> List() => containers;
    }
}
