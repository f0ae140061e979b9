using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Health;
using Portal.Runtime.Supervision;
using Portal.Runtime.Tests.Containers;

namespace Portal.Runtime.Tests.Health;

public sealed class HealthSupervisorTests : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeProbes _probes = new();
    private readonly FakeEvents _events = new();
    private readonly HealthSupervisor _supervisor;
    private readonly Container _container;
    private readonly ContainerRun _run = new(null, null, new("/none"), new("boot", 1, 1, 2, 2));

    public HealthSupervisorTests()
    {
        _supervisor = new(_probes, _events, _time, NullLogger<HealthSupervisor>.Instance);
        var record = ContainerStoreTests.Record(new(new string('a', 64)), "web", ContainerState.Running);
        var snapshot = record.Container with { Effective = record.Container.Effective with { HealthCheck = new(["CMD", "check"], s_interval, Retries: 1) } };
        snapshot = snapshot with { Status = snapshot.Status with { Health = HealthSupervisor.Initial(snapshot), StartedAt = _time.GetUtcNow() } };
        _container = new(record with { Container = snapshot }, "/nowhere", _time) { Run = _run };
    }

    private ContainerHealth Health => _container.Snapshot.Status.Health!;

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task Probe_EachInterval_ChangesTheRecordAndTellsOfChangesOnly()
    {
        _supervisor.Begin(_container, _run);

        await ProbeAsync(exitCode: 0);
        await ProbeAsync(exitCode: 0);
        await ProbeAsync(exitCode: 7);

        Assert.Equal((HealthStatus.Unhealthy, 1, 3), (Health.Status, Health.FailingStreak, Health.Log.Count));
        Assert.Equal(["health_status: healthy", "health_status: unhealthy"], _events.Actions);
    }

    [Fact]
    public async Task Probe_StillRunning_IsNotOverlapped()
    {
        _supervisor.Begin(_container, _run);
        await DueAsync();
        var probe = await _probes.NextAsync();

        _time.Advance(s_interval * 10);
        Assert.Equal(1, _probes.Started);

        // It failed long before its process was dead.
        var dying = new TaskCompletionSource();
        probe.SetResult(new(Found(1), dying.Task));
        await UntilAsync(() => Health.Log.Count == 1);
        _time.Advance(s_interval * 10);
        Assert.Equal(1, _probes.Started);

        dying.SetResult();
        await ProbeAsync(exitCode: 0);
        Assert.Equal(2, _probes.Started);
    }

    [Fact]
    public async Task End_WhileAProbeRuns_CutsItOffAndForgetsWhatItFinds()
    {
        _supervisor.Begin(_container, _run);
        await DueAsync();
        var probe = await _probes.NextAsync();

        _supervisor.End(_container.Id);

        await UntilAsync(() => _probes.Cancelled == 1);
        probe.TrySetResult(new(Found(0), Task.CompletedTask));
        Assert.Equal(HealthStatus.Starting, Health.Status);
        Assert.Empty(_events.Actions);
    }

    [Fact]
    public async Task Probe_OfARunThatIsOver_ChangesNothing()
    {
        _supervisor.Begin(_container, _run);
        await DueAsync();
        var probe = await _probes.NextAsync();

        _container.Run = null;
        probe.SetResult(new(Found(0), Task.CompletedTask));
        await DueAsync();

        Assert.Equal(HealthStatus.Starting, Health.Status);
        Assert.Empty(_events.Actions);
    }

    [Fact]
    public async Task Begin_Again_WaitsForTheProbeOfBefore()
    {
        _supervisor.Begin(_container, _run);
        await DueAsync();
        _ = await _probes.NextAsync();
        _probes.Stubborn = true;

        _supervisor.Begin(_container, _run);
        _time.Advance(s_interval * 2);
        Assert.Equal(1, _probes.Started);

        _probes.LetGo.SetResult();
        await ProbeAsync(exitCode: 0);
        Assert.Equal(2, _probes.Started);
    }

    private async Task ProbeAsync(int exitCode)
    {
        var before = Health.Log.Count;
        await DueAsync();
        (await _probes.NextAsync()).SetResult(new(Found(exitCode), Task.CompletedTask));
        await UntilAsync(() => Health.Log.Count > before);
    }

    /// <summary>Lets time pass until a probe runs.</summary>
    private async Task DueAsync()
    {
        var before = _probes.Started;
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _probes.Started > before;
        });
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 100_000, "Waited in vain.");
            await Task.Yield();
        }
    }

    private static HealthProbe Found(int exitCode) => new(default, default, exitCode, "");

    /// <summary>Probes that the test answers.</summary>
    private sealed class FakeProbes : IProbes
    {
        private readonly Channel<TaskCompletionSource<ProbeRun>> _probes = Channel.CreateUnbounded<TaskCompletionSource<ProbeRun>>();
        private int _started, _cancelled;

        public int Started => Volatile.Read(ref _started);

        public int Cancelled => Volatile.Read(ref _cancelled);

        /// <summary>One that is cut off takes its time.</summary>
        public bool Stubborn { get; set; }

        public TaskCompletionSource LetGo { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask<TaskCompletionSource<ProbeRun>> NextAsync() => _probes.Reader.ReadAsync();

        public async Task<ProbeRun> RunAsync(Container container, HealthSettings settings, CancellationToken ct)
        {
            var answer = new TaskCompletionSource<ProbeRun>(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Increment(ref _started);
            await _probes.Writer.WriteAsync(answer, CancellationToken.None);
            try
            {
                return await answer.Task.WaitAsync(ct);
            }
            catch (OperationCanceledException)
            {
                if (Stubborn)
                {
                    await LetGo.Task;
                }

                Interlocked.Increment(ref _cancelled);
                throw;
            }
        }
    }

    private sealed class FakeEvents : IRuntimeEvents
    {
        private readonly List<string> _actions = [];

        public IReadOnlyList<string> Actions => _actions;

        public void Publish(RuntimeEvent item) => _actions.Add(item.Action);

        public IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct) => throw new NotSupportedException();
    }
}
