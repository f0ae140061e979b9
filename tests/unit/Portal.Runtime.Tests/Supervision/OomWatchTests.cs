using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Supervision;
using Portal.Runtime.Tests.Cgroups;
using Portal.Runtime.Tests.Containers;

namespace Portal.Runtime.Tests.Supervision;

public sealed class OomWatchTests : IDisposable
{
    private const int Pid = 4711;

    private readonly ContainerId _id = ContainerId.New();
    private readonly string _root = Directory.CreateTempSubdirectory("oom").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly FakeCgroupFiles _files = new();
    private readonly FakeNotices _notices = new();
    private readonly FakeEvents _events = new();
    private readonly ContainerStore _store;
    private readonly Container _container;
    private readonly ContainerRun _run;

    public OomWatchTests()
    {
        Directory.CreateDirectory($"{_root}/proc/{Pid}");
        File.WriteAllText($"{_root}/proc/{Pid}/cgroup", $"4:memory:/portal/{_id}\n0::/portal/{_id}\n");
        _store = new(new RuntimeOptions { DataRoot = _root }, _time, NullLogger<ContainerStore>.Instance);
        _store.Load();
        Directory.CreateDirectory(_store.Folder(_id));
        _container = _store.Add(ContainerStoreTests.Record(_id, "web", ContainerState.Running));
        _run = new(null, null, new("/none"), new("boot", 1, 1, Pid, 2));
        _container.Run = _run;
        Kills(0);
    }

    public void Dispose()
    {
        _run.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kill_WhileItRuns_IsToldAndFlaggedAtOnce(bool v1)
    {
        var watch = Watch(v1);
        watch.Begin(_container, _run, known: false);

        Kills(1);
        _notices.Raise();

        await UntilAsync(() => _events.Count == 1);
        Assert.True(_container.Snapshot.Status.OomKilled);
        Assert.Equal(ContainerState.Running, _container.Snapshot.Status.State);
        Assert.False(watch.End(_container));
    }

    [Fact]
    public async Task Kill_ThatFollowsItsNotice_IsToldOnceTheKernelHasDoneIt()
    {
        var watch = Watch(v1: true);
        watch.Begin(_container, _run, known: false);
        _notices.Raise();
        await SettleAsync();

        Kills(1);

        await UntilAsync(() => _events.Count == 1);
    }

    [Fact]
    public async Task Kill_AgainAndAgain_IsToldEachTime()
    {
        var watch = Watch(v1: false);
        watch.Begin(_container, _run, known: false);

        for (ulong kills = 1; kills <= 3; kills++)
        {
            Kills(kills);
            _notices.Raise();
            await UntilAsync(() => _events.Count == (int)kills);
        }
    }

    [Fact]
    public async Task Notice_WithoutAKill_TellsNothing()
    {
        var watch = Watch(v1: false);
        watch.Begin(_container, _run, known: false);

        _notices.Raise();
        await SettleAsync();

        Assert.Equal(0, _events.Count);
        Assert.False(_container.Snapshot.Status.OomKilled);
    }

    [Fact]
    public async Task Kill_ThatNobodyNoticed_IsLeftToTheEndOfTheRun()
    {
        var watch = Watch(v1: false);
        watch.Begin(_container, _run, known: false);
        await SettleAsync();
        Kills(1);

        Assert.True(watch.End(_container));
        Assert.False(watch.End(_container));
        Assert.True(_notices.Ended);
    }

    [Fact]
    public async Task Kill_BeforeTheAgentEnded_IsNotToldAgain()
    {
        Kills(2);
        var watch = Watch(v1: false);
        watch.Begin(_container, _run, known: true);
        await SettleAsync();

        Assert.Equal(0, _events.Count);
        Assert.False(watch.End(_container));
    }

    [Fact]
    public async Task Kill_WhileTheAgentWasAway_IsToldNow()
    {
        Kills(1);

        Watch(v1: false).Begin(_container, _run, known: false);

        await UntilAsync(() => _events.Count == 1);
    }

    [Fact]
    public async Task Processes_ThatWaitForMemory_AreToldWithoutTheFlag()
    {
        var watch = Watch(v1: true);
        watch.Begin(_container, _run, known: false);

        _files.Content[V1] = "oom_kill_disable 1\nunder_oom 1\noom_kill 0";
        _notices.Raise();

        await UntilAsync(() => _events.Count == 1);
        Assert.False(_container.Snapshot.Status.OomKilled);
    }

    private string V1 => $"/cg/memory/portal/{_id}/memory.oom_control";

    private string V2 => $"/cg2/portal/{_id}/memory.events";

    private void Kills(ulong count)
    {
        _files.Content[V1] = $"oom_kill_disable 0\nunder_oom 0\noom_kill {count}";
        _files.Content[V2] = $"low 0\nhigh 0\nmax 7\noom {count}\noom_kill {count}";
    }

    private OomWatch Watch(bool v1)
    {
        // Each has the files of its version only.
        _files.Content.Remove(v1 ? V2 : V1);
        return new(
            _notices, new Versioned(_files, v1 ? V1 : V2),
            CgroupLocator.Parse(v1 ? ["1 0 0:1 / /cg/memory rw - cgroup cgroup rw,memory"] : ["2 0 0:2 / /cg2 rw - cgroup2 cgroup2 rw"]),
            _store, _events, _time, NullLogger<OomWatch>.Instance, _root + "/proc");
    }

    /// <summary>Lets all that is due happen.</summary>
    private async Task SettleAsync()
    {
        for (var i = 0; i < 200; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 100_000, "Waited in vain.");
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }
    }

    private sealed class Versioned(FakeCgroupFiles all, string path) : ICgroupFiles
    {
        public string? Read(string asked) => asked == path ? all.Read(asked) : null;

        public void Write(string asked, string value) => throw new NotSupportedException();
    }

    private sealed class FakeNotices : IMemoryNotices, IDisposable
    {
        private Action? _changed;

        public bool Ended { get; private set; }

        public void Raise() => _changed!();

        public IDisposable Watch(string folder, Action changed)
        {
            _changed = changed;
            return this;
        }

        public void Dispose() => Ended = true;
    }

    private sealed class FakeEvents : IRuntimeEvents
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Publish(RuntimeEvent item)
        {
            Assert.Equal("oom", item.Action);
            Interlocked.Increment(ref _count);
        }

        public IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct) => throw new NotSupportedException();
    }
}
