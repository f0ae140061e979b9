using System.Threading.Channels;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.TestKit.Fleet;

/// <summary>Live feeds that a test drives: set the snapshots, then send batches to everybody who subscribed.</summary>
public sealed class FakeFleetFeeds : IFleetFeeds
{
    private readonly Topic<Change<HostView>> _hosts = new();
    private readonly Topic<Change<ContainerView>> _containers = new();
    private readonly Topic<HostStats> _hostStats = new();
    private readonly Topic<ContainerStats> _allStats = new();
    private readonly Topic<ContainerStats> _oneStats = new();
    private readonly Topic<LogLine> _logs = new();

    /// <summary>What a new subscriber sees first.</summary>
    public List<HostView> HostSnapshot { get; } = [];

    /// <inheritdoc cref="HostSnapshot"/>
    public List<ContainerView> ContainerSnapshot { get; } = [];

    /// <summary>The first batch of every log.</summary>
    public List<LogLine> LogTail { get; } = [];

    /// <summary>When set, every call answers with it.</summary>
    public Error? Refusal { get; set; }

    /// <summary>How often containers were subscribed to.</summary>
    public int ContainerSubscriptions => _containers.Opened;

    /// <summary>Readers of containers at the moment.</summary>
    public int ContainerReaders => _containers.Open;

    /// <summary>What logs were asked for, in order.</summary>
    public List<LogRequest> LogRequests { get; } = [];

    public void Send(params Change<HostView>[] batch) => _hosts.Send(batch);

    public void Send(params Change<ContainerView>[] batch) => _containers.Send(batch);

    /// <summary>To the readers of a whole host's containers.</summary>
    public void Send(params ContainerStats[] batch) => _allStats.Send(batch);

    /// <summary>To the readers of one container.</summary>
    public void SendOne(params ContainerStats[] batch) => _oneStats.Send(batch);

    public void Send(params HostStats[] batch) => _hostStats.Send(batch);

    public void Send(params LogLine[] batch) => _logs.Send(batch);

    /// <summary>Ends every open log, as when the container ends.</summary>
    public void EndLogs() => _logs.End(null);

    /// <summary>Tells every reader of containers that it fell behind.</summary>
    public void LagContainers() => _containers.End(new ErrorException(ErrorKind.Unavailable, "feed.lagged", "The reader fell behind."));

    public Result<FeedSubscription<HostView>> Hosts(Actor actor) =>
        Refusal is { } error ? error : new FeedSubscription<HostView>([.. HostSnapshot], _hosts.Read());

    public Result<FeedSubscription<ContainerView>> Containers(Actor actor, HostId? host) => Refusal is { } error
        ? error
        : new FeedSubscription<ContainerView>([.. ContainerSnapshot.Where(view => host is null || view.Host == host)], _containers.Read());

    public Result<IAsyncEnumerable<IReadOnlyList<HostStats>>> HostStats(Actor actor, HostId host, CancellationToken ct) => Answer(_hostStats.Read());

    public Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId? host, CancellationToken ct) => Answer(_allStats.Read());

    public Result<IAsyncEnumerable<IReadOnlyList<ContainerStats>>> ContainerStats(Actor actor, HostId host, ContainerId container, CancellationToken ct) =>
        Answer(_oneStats.Read());

    public Result<IAsyncEnumerable<IReadOnlyList<LogLine>>> Logs(Actor actor, HostId host, ContainerId container, LogRequest request, CancellationToken ct)
    {
        LogRequests.Add(request);
        return Answer(_logs.Read(LogTail.Count > 0 && request.Since is null ? [.. LogTail] : null));
    }


    private Result<IAsyncEnumerable<IReadOnlyList<T>>> Answer<T>(Stream<T> stream) =>
        Refusal is { } error ? error : Wrap<IAsyncEnumerable<IReadOnlyList<T>>>(stream);

    // C# has no implicit conversion from an interface; through a type parameter it finds the one of Result<T>.
    private static Result<T> Wrap<T>(T value) => value;

    private sealed class Topic<T>
    {
        private readonly Lock _gate = new();
        private readonly List<Channel<IReadOnlyList<T>>> _readers = [];

        public int Opened { get; private set; }

        public int Open
        {
            get
            {
                lock (_gate)
                {
                    return _readers.Count;
                }
            }
        }

        public Stream<T> Read(IReadOnlyList<T>? first = null)
        {
            var channel = Channel.CreateUnbounded<IReadOnlyList<T>>();
            lock (_gate)
            {
                _readers.Add(channel);
                Opened++;
            }

            if (first is not null)
            {
                channel.Writer.TryWrite(first);
            }

            return new(channel.Reader, () =>
            {
                lock (_gate)
                {
                    _readers.Remove(channel);
                }
            });
        }

        public void Send(IReadOnlyList<T> batch)
        {
            lock (_gate)
            {
                _readers.ForEach(reader => reader.Writer.TryWrite(batch));
            }
        }

        public void End(Exception? reason)
        {
            lock (_gate)
            {
                _readers.ForEach(reader => reader.Writer.TryComplete(reason));
            }
        }
    }

    private sealed class Stream<T>(ChannelReader<IReadOnlyList<T>> reader, Action closed) : IAsyncEnumerable<IReadOnlyList<T>>
    {
        public async IAsyncEnumerator<IReadOnlyList<T>> GetAsyncEnumerator(CancellationToken ct = default)
        {
            try
            {
                await foreach (var batch in reader.ReadAllAsync(ct))
                {
                    yield return batch;
                }
            }
            finally
            {
                closed();
            }
        }
    }
}
