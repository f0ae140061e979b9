using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Portal.Api.Adapters.Hosts;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests;

/// <summary>An engine that a test drives: its containers are a dictionary, its streams are channels.</summary>
internal sealed class FakeEngine : IHostUpstream, IHostGateway
{
    public static readonly HostId Local = new("local");

    private readonly Lock _gate = new();
    private readonly Dictionary<ContainerId, ContainerView> _containers = [];
    private Channel<ContainerId> _events = Channel.CreateUnbounded<ContainerId>();
    private Channel<StatsSample> _stats = Channel.CreateUnbounded<StatsSample>();

    /// <summary>When set, nobody answers.</summary>
    public Error? Down { get; set; }

    /// <summary>How often events were subscribed to.</summary>
    public int Subscriptions { get; private set; }

    /// <summary>Runs once, after a list was read and before its answer arrives.</summary>
    public Action? AfterList { get; set; }

    public IReadOnlyList<LogLine> Log { get; set; } = [];

    public static ContainerView Container(string name, ContainerState state = ContainerState.Running, ContainerId? id = null) => new(
        Local, id ?? ContainerId.New(), name, "busybox", state, "Up", DateTimeOffset.UnixEpoch, [], new Dictionary<string, string>());

    /// <summary>Sets a container without telling anybody.</summary>
    public ContainerView Put(ContainerView container)
    {
        lock (_gate)
        {
            _containers[container.Id] = container;
            return container;
        }
    }

    /// <summary>Takes a container away without telling anybody.</summary>
    public void Take(ContainerId id)
    {
        lock (_gate)
        {
            _containers.Remove(id);
        }
    }

    public void Tell(ContainerId id) => _events.Writer.TryWrite(id);

    public void Sample(StatsSample sample) => _stats.Writer.TryWrite(sample);

    /// <summary>Ends the event stream, as an engine does whose reader was too slow.</summary>
    public void BreakEvents() => _events.Writer.TryComplete();

    public Task<HostDescription> DescribeAsync(HostId host, CancellationToken ct) => Down is { } down
        ? throw new ErrorException(down)
        : Task.FromResult(new HostDescription("machine", new HostFacts("Portal 0.1.0", "Debian", "6", "x86_64", 2, 1, "2", 0), HasStats: true));

    public Task<IReadOnlyList<ContainerView>> ListAsync(HostId host, IReadOnlyCollection<ContainerId>? only, CancellationToken ct)
    {
        IReadOnlyList<ContainerView> list;
        lock (_gate)
        {
            list = [.. _containers.Values.Where(container => only?.Contains(container.Id) ?? true)];
        }

        AfterList?.Invoke();
        AfterList = null;
        return Task.FromResult(list);
    }

    public Task<IAsyncEnumerable<ContainerId>> OpenEventsAsync(HostId host, CancellationToken ct)
    {
        Subscriptions++;
        _events = Channel.CreateUnbounded<ContainerId>();
        return Task.FromResult(_events.Reader.ReadAllAsync(ct));
    }

    public IAsyncEnumerable<StatsSample> StatsAsync(HostId host, CancellationToken ct)
    {
        _stats = Channel.CreateUnbounded<StatsSample>();
        return _stats.Reader.ReadAllAsync(ct);
    }

    public Task<Result<ContainerDetails>> InspectAsync(HostId host, ContainerId container, CancellationToken ct)
    {
        lock (_gate)
        {
            return Task.FromResult<Result<ContainerDetails>>(_containers.TryGetValue(container, out var view)
                ? new ContainerDetails(view, ["sh"], [], [], [], "no", 0, 0, null, null, null, false, null)
                : new Error(ErrorKind.NotFound, "engine.not_found", "No such container"));
        }
    }

    public async IAsyncEnumerable<IReadOnlyList<LogLine>> LogsAsync(HostId host, ContainerId container, LogRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Yield();
        ct.ThrowIfCancellationRequested();
        yield return Log;
    }
}
