using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class StatsPassTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("pass").FullName;
    private readonly FakeRunning _running = new();
    private readonly StatsSampler _sampler;
    private readonly HostReader _host;

    public StatsPassTests()
    {
        RecordedTree.WriteProc(_root + "/proc");
        _sampler = new(_running, RecordedTree.LocateV1(_root + "/v1"), new RuntimeOptions { DataRoot = _root }, TimeProvider.System, NullLogger.Instance, _root + "/proc");
        _host = _sampler.OpenHost();
    }

    public void Dispose()
    {
        _host.Dispose();
        _sampler.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static ContainerId Id(int number) => new(number.ToString("x64", null));

    private void Start(int number)
    {
        RecordedTree.WriteV1(_root + "/v1", Id(number));
        _running.Start(Id(number), 1000 + number);
    }

    [Fact]
    public void All_ContainerVanishesAndComesBack_IsLeftOutMeanwhile()
    {
        Start(1);
        Start(2);
        using var pass = _sampler.OpenPass(_host);

        var before = pass.Read([], all: true)!;
        _running.Stop(Id(2));
        var after = pass.Read([], all: true)!;

        Assert.Equal([Id(1), Id(2)], before.Containers.Select(sample => sample.Id));
        Assert.Equal([Id(1)], after.Containers.Select(sample => sample.Id));
        Assert.Equal((3.26, 20_000_000UL * 1024), (after.Host.Load1, after.Host.MemoryAvailable));
        Assert.True(after.Host.DiskTotal >= after.Host.DiskFree && after.Host.DiskFree > 0);

        Directory.Delete($"{_root}/v1/cpuacct/portal/{Id(2)}", recursive: true);
        _running.Start(Id(2), 1002);
        Assert.Equal([Id(1)], pass.Read([], all: true)!.Containers.Select(sample => sample.Id));

        Start(2);
        Assert.Equal(2, pass.Read([], all: true)!.Containers.Count);
    }

    [Fact]
    public void Watched_Alone_ReadsNoOther()
    {
        Start(1);
        Start(2);
        using var pass = _sampler.OpenPass(_host);
        var watched = new WatchedContainer(Id(2));

        Assert.Null(pass.Read([watched], all: false));
        Assert.Equal(Id(2), watched.Reading.Current!.Id);
        Assert.Equal(0, _running.Lists);
    }

    [Fact]
    public void ThousandContainers_KeepNoMoreFilesOpenThanAllowed()
    {
        const int containers = 1000, kept = 25;
        Start(0);
        for (var number = 1; number < containers; number++)
        {
            foreach (var controller in Directory.EnumerateDirectories(_root + "/v1"))
            {
                _ = File.CreateSymbolicLink($"{controller}/portal/{Id(number)}", Id(0).Value);
            }

            _running.Start(Id(number), 1000 + number);
        }

        using var pass = _sampler.OpenPass(_host, kept);
        var first = pass.Read([], all: true)!;
        var before = OpenFiles();
        var watched = new WatchedContainer(Id(999));
        var second = pass.Read([watched], all: true)!;

        Assert.Equal(containers, first.Containers.Count);
        Assert.Equal(containers, second.Containers.Count);
        Assert.All(second.Containers, sample => Assert.Equal(295_241_432UL, sample.CpuTotal));

        // A container beyond the limit is compared with its sample before all the same.
        Assert.Equal(Id(999), watched.Reading.Previous!.Id);
        Assert.InRange(before, kept, kept * StatsSampler.FilesPerContainer);
        Assert.Equal(before, OpenFiles());

        // Those that end make room for others.
        for (var number = 0; number < containers; number += 2)
        {
            _running.Stop(Id(number));
        }

        _ = pass.Read([], all: true);
        _ = pass.Read([], all: true);
        Assert.Equal(before, OpenFiles());
    }

    /// <summary>Counter files this process has open.</summary>
    private int OpenFiles() => Directory.EnumerateFileSystemEntries("/proc/self/fd")
        .Count(descriptor => new FileInfo(descriptor).LinkTarget?.StartsWith(_root + "/v1/", StringComparison.Ordinal) == true);
}
