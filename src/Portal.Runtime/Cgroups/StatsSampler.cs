using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Cgroups;

/// <summary>Makes a pass a second while somebody follows, and hands its results to everybody who does.</summary>
internal sealed class StatsSampler : IStatsSampler, IDisposable
{
    /// <summary>Scratch memory of a pass: no file that it reads is longer, but /proc/stat, of which the first lines count.</summary>
    internal const int BufferSize = 64 * 1024;

    /// <summary>Files a cgroup is read from, at most.</summary>
    internal const int FilesPerContainer = 16;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly IRunningContainers _containers;
    private readonly CgroupLocator _locator;
    private readonly RuntimeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _procRoot;
    private readonly int _openLimit;
    private readonly Lock _gate = new();
    private readonly List<ChannelWriter<StatsBatch>> _followers = [];
    private readonly Dictionary<ContainerId, Watch> _watches = [];
    private CancellationTokenSource? _stop;
    private StatsBatch? _latest;

    public StatsSampler(IRunningContainers containers, CgroupLocator locator, IOptions<RuntimeOptions> options, TimeProvider time, ILogger<StatsSampler> logger)
        : this(containers, locator, options.Value, time, logger, "/proc") { }

    internal StatsSampler(IRunningContainers containers, CgroupLocator locator, RuntimeOptions options, TimeProvider time, ILogger logger, string procRoot)
    {
        (_containers, _locator, _options, _time, _logger, _procRoot) = (containers, locator, options, time, logger, procRoot);

        // At most a quarter of the descriptors this process may have.
        var descriptors = OciHost.ParseHardLimits(File.ReadLines("/proc/self/limits")).GetValueOrDefault("nofile", 1024UL);
        _openLimit = (int)Math.Min(descriptors / 4 / FilesPerContainer, 100_000);
    }

    public ContainerSample? Read(ContainerId id)
    {
        if (_containers.Find(id) is not { } container)
        {
            return null;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using var host = OpenHost();
            using var counters = Open(container);
            return counters.Read(detailed: true, host.ReadCounters(buffer), _time, buffer);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public IAsyncEnumerable<StatsBatch> FollowAsync(CancellationToken ct) => FollowAsync<StatsBatch>(Join, Leave, ct);

    public IAsyncEnumerable<ContainerReading> FollowAsync(ContainerId id, CancellationToken ct) =>
        FollowAsync<ContainerReading>(reader => Join(id, reader), reader => Leave(id, reader), ct);

    /// <summary>Ends the loop; whoever still follows gets nothing more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stop?.Cancel();
        }
    }

    internal HostReader OpenHost() => new(_procRoot, _options.DataRoot, _time);

    internal StatsPass OpenPass(HostReader host, int? openLimit = null) => new(_containers, Open, host, _time, openLimit ?? _openLimit);

    private static async IAsyncEnumerable<T> FollowAsync<T>(Action<ChannelWriter<T>> join, Action<ChannelWriter<T>> leave, [EnumeratorCancellation] CancellationToken ct)
    {
        var channel = Channel.CreateBounded<T>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        join(channel.Writer);
        try
        {
            await foreach (var item in channel.Reader.ReadAllAsync(ct).ConfigureAwait(false))
            {
                yield return item;
            }
        }
        finally
        {
            leave(channel.Writer);
        }
    }

    private void Join(ChannelWriter<StatsBatch> reader)
    {
        lock (_gate)
        {
            _followers.Add(reader);
            if (!StartLoop() && _latest is { } latest)
            {
                _ = reader.TryWrite(latest);
            }
        }
    }

    private void Leave(ChannelWriter<StatsBatch> reader)
    {
        lock (_gate)
        {
            _ = _followers.Remove(reader);
            if (_followers.Count == 0)
            {
                _latest = null;
                StopLoop();
            }
        }
    }

    private void Join(ContainerId id, ChannelWriter<ContainerReading> reader)
    {
        lock (_gate)
        {
            if (!_watches.TryGetValue(id, out var watch))
            {
                _watches[id] = watch = new(id);
            }

            watch.Readers.Add(reader);
            if (!StartLoop() && watch.Latest is { Current: { } current } latest && _containers.Find(id)?.Pid == current.Pid)
            {
                _ = reader.TryWrite(latest);
            }
        }
    }

    private void Leave(ContainerId id, ChannelWriter<ContainerReading> reader)
    {
        lock (_gate)
        {
            if (_watches.TryGetValue(id, out var watch) && watch.Readers.Remove(reader) && watch.Readers.Count == 0)
            {
                _ = _watches.Remove(id);
                StopLoop();
            }
        }
    }

    /// <summary>True when it was not running.</summary>
    private bool StartLoop()
    {
        if (_stop is not null)
        {
            return false;
        }

        _stop = new CancellationTokenSource();
        var token = _stop.Token;
        _ = Task.Run(() => RunAsync(token), CancellationToken.None);
        return true;
    }

    private void StopLoop()
    {
        if (_followers.Count == 0 && _watches.Count == 0)
        {
            // Not disposed: the loop may be about to look at its token, and without a timer there is nothing to free.
            _stop?.Cancel();
            _stop = null;
        }
    }

    private async Task RunAsync(CancellationToken ct)
    {
        var watched = new List<Watch>();
        using var host = OpenHost();
        using var pass = OpenPass(host);
        using var timer = new PeriodicTimer(s_interval, _time);
        try
        {
            do
            {
                try
                {
                    var all = Wanted(watched);
                    Publish(pass.Read(watched, all), watched, ct);
                }
                catch (Exception ex) when (!ct.IsCancellationRequested)
                {
                    _logger.PassFailed(ex);
                }
            }
            while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // Nobody follows any more.
        }
    }

    private bool Wanted(List<Watch> watched)
    {
        lock (_gate)
        {
            watched.Clear();
            watched.AddRange(_watches.Values);
            return _followers.Count > 0;
        }
    }

    private void Publish(StatsBatch? batch, List<Watch> watched, CancellationToken ct)
    {
        lock (_gate)
        {
            // A loop that was told to stop must not speak to the readers of its successor.
            if (ct.IsCancellationRequested)
            {
                return;
            }

            if (batch is not null)
            {
                _latest = _followers.Count > 0 ? batch : null;
                foreach (var follower in _followers)
                {
                    _ = follower.TryWrite(batch);
                }
            }

            foreach (var watch in watched)
            {
                watch.Latest = watch.Reading;
                foreach (var reader in watch.Readers)
                {
                    _ = reader.TryWrite(watch.Latest);
                }
            }
        }
    }

    private ContainerCounters Open(RunningContainer container)
    {
        var path = _containers.CgroupPath(container.Id);
        return new(container, _locator.Version == CgroupVersion.V2 ? new CgroupV2((_locator.PathOf("") ?? "") + path) : new CgroupV1(_locator, path), _procRoot);
    }

    /// <summary>A container and who follows it. <see cref="WatchedContainer.Reading"/> is the loop's alone.</summary>
    private sealed class Watch(ContainerId id) : WatchedContainer(id)
    {
        public List<ChannelWriter<ContainerReading>> Readers { get; } = [];

        /// <summary>What a reader that joins gets at once. Under the gate.</summary>
        public ContainerReading Latest { get; set; }
    }
}
