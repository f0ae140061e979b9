using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Background;
using Portal.Api.Live;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Background;

public sealed class HostWatcherTests : IAsyncDisposable
{
    private readonly FakeEngine _engine = new();
    private readonly Fleet _fleet = new();
    private readonly HostWatcher _watcher;
    private readonly FeedSubscription<HostView> _hosts;
    private readonly FeedSubscription<ContainerView> _containers;
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(30));

    public HostWatcherTests()
    {
        _watcher = new HostWatcher(new LocalHostDirectory(Options.Create(new PortalOptions())), _engine, _fleet, new QuickTime(), NullLogger<HostWatcher>.Instance);
        _hosts = _fleet.Hosts.Subscribe(_ => true);
        _containers = _fleet.Containers.Subscribe(_ => true);
    }

    public async ValueTask DisposeAsync()
    {
        await _watcher.StopAsync(default);
        _watcher.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task Start_EngineAnswers_HostIsConnectedWithItsFacts()
    {
        _engine.Put(FakeEngine.Container("web"));
        await _watcher.StartAsync(default);
        var host = await HostAsync(host => host.State == HostState.Connected);
        Assert.Equal(("machine", "Portal 0.1.0"), (host.Name, host.Facts!.EngineVersion));
        Assert.Equal("web", Assert.Single(_fleet.Containers.List(_ => true)).Name);
    }

    [Fact]
    public async Task Change_WhileTheFirstListIsOnItsWay_IsNotLost()
    {
        _engine.AfterList = () => _engine.Tell(_engine.Put(FakeEngine.Container("web")).Id);
        await _watcher.StartAsync(default);
        await ContainerAsync(change => change.Kind == ChangeKind.Upsert && change.Value.Name == "web");
    }

    [Fact]
    public async Task Events_Ended_ListsAnewAndFindsWhatWasMissed()
    {
        var gone = _engine.Put(FakeEngine.Container("gone"));
        await _watcher.StartAsync(default);
        await HostAsync(host => host.State == HostState.Connected);

        _engine.Take(gone.Id);
        _engine.Put(FakeEngine.Container("new"));
        _engine.BreakEvents();

        await ContainerAsync(change => change.Kind == ChangeKind.Upsert && change.Value.Name == "new");
        Assert.True(_engine.Subscriptions >= 2);
        Assert.Equal("new", Assert.Single(_fleet.Containers.List(_ => true)).Name);
        Assert.Equal(HostState.Connected, _fleet.Hosts.Find(FakeEngine.Local)!.State);
    }

    [Fact]
    public async Task Engine_DownThenBack_HostSaysWhyAndReturnsByItself()
    {
        _engine.Put(FakeEngine.Container("web"));
        _engine.Down = new Error(ErrorKind.Unavailable, "host.unreachable", "Nobody there.");
        await _watcher.StartAsync(default);
        Assert.Equal("Nobody there.", (await HostAsync(host => host.State == HostState.Unreachable)).Problem);

        _engine.Down = null;
        Assert.Null((await HostAsync(host => host.State == HostState.Connected)).Problem);
    }

    [Fact]
    public async Task Refresh_WithoutAnyEvent_BringsTheEnginesSentenceUpToDate()
    {
        var web = _engine.Put(FakeEngine.Container("web"));
        await _watcher.StartAsync(default);
        await HostAsync(host => host.State == HostState.Connected);
        _engine.Put(web with { Status = "Up 2 minutes" });
        await ContainerAsync(change => change.Value.Status == "Up 2 minutes");
    }

    private async Task<HostView> HostAsync(Func<HostView, bool> wanted) =>
        (await FirstAsync(_fleet.Hosts.Subscribe(_ => true), change => wanted(change.Value))).Value;

    private Task<Change<ContainerView>> ContainerAsync(Func<Change<ContainerView>, bool> wanted) => FirstAsync(_containers, wanted);

    private async Task<Change<T>> FirstAsync<T>(FeedSubscription<T> feed, Func<Change<T>, bool> wanted)
    {
        foreach (var value in feed.Snapshot.Select(value => new Change<T>(ChangeKind.Upsert, value)).Where(wanted))
        {
            return value;
        }

        await foreach (var batch in feed.Changes.WithCancellation(_limit.Token))
        {
            foreach (var change in batch.Where(wanted))
            {
                return change;
            }
        }

        throw new InvalidOperationException("The feed ended.");
    }

    /// <summary>Every wait is over a thousand times sooner, so that nothing sleeps.</summary>
    private sealed class QuickTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Shorter(dueTime), Shorter(period));

        private static TimeSpan Shorter(TimeSpan time) => time > TimeSpan.Zero ? TimeSpan.FromMilliseconds(Math.Max(1, time.TotalMilliseconds / 1000)) : time;
    }
}
