using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Cgroups;

/// <summary>
/// Reads all containers in one pass a second while somebody follows, and hands the same batch to everybody. Files stay open
/// from pass to pass, which makes a pass little more than one system call per file.
/// </summary>
internal sealed class StatsSampler : IStatsSampler, IDisposable
{
    private const int BufferSize = 64 * 1024;

    // Files a cgroup is read from, rounded up.
    private const int FilesPerContainer = 10;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly IRunningContainers _containers;
    private readonly CgroupLocator _locator;
    private readonly RuntimeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _procRoot;
    private readonly int _openLimit;
    private readonly Lock _gate = new();
    private readonly List<ChannelWriter<StatsBatch>> _readers = [];
    private CancellationTokenSource? _stop;
    private StatsBatch? _latest;

    public StatsSampler(IRunningContainers containers, CgroupLocator locator, IOptions<RuntimeOptions> options, TimeProvider time, ILogger<StatsSampler> logger)
        : this(containers, locator, options.Value, time, logger, "/proc") { }

    internal StatsSampler(IRunningContainers containers, CgroupLocator locator, RuntimeOptions options, TimeProvider time, ILogger logger, string procRoot)
    {
        (_containers, _locator, _options, _time, _logger, _procRoot) = (containers, locator, options, time, logger, procRoot);

        // At most a quarter of the descriptors this process may have; containers beyond that are opened anew each time.
        var descriptors = OciHost.ParseHardLimits(File.ReadLines("/proc/self/limits")).GetValueOrDefault("nofile", 1024UL);
        _openLimit = (int)Math.Min(descriptors / 4 / FilesPerContainer, 100_000);
    }

    public ContainerSample? Read(ContainerId id)
    {
        foreach (var (candidate, pid, hostNetwork) in _containers.List())
        {
            if (candidate == id)
            {
                var buffer = new byte[BufferSize];
                using var host = new HostReader(_procRoot, _options.DataRoot, _time);
                using var cgroup = Open(id);
                return ReadOne(id, pid, hostNetwork, cgroup, host.ReadCpu(buffer), host.ReadMemory(buffer).Total, buffer);
            }
        }

        return null;
    }

    public async IAsyncEnumerable<StatsBatch> FollowAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var channel = Channel.CreateBounded<StatsBatch>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        Join(channel.Writer);
        try
        {
            await foreach (var batch in channel.Reader.ReadAllAsync(ct).ConfigureAwait(false))
            {
                yield return batch;
            }
        }
        finally
        {
            Leave(channel.Writer);
        }
    }

    /// <summary>Ends the loop; whoever still follows gets nothing more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stop?.Cancel();
        }
    }

    /// <summary>One pass. <paramref name="open"/> holds the cgroups kept open since the last one.</summary>
    internal StatsBatch Pass(HostReader host, Dictionary<ContainerId, ICgroup> open, byte[] buffer)
    {
        var running = _containers.List();
        var sample = host.Read(buffer);
        var cpu = new ProcStat(sample.CpuTotal, sample.CpuIdle, sample.OnlineCpus);
        var samples = new List<ContainerSample>(running.Count);
        foreach (var (id, pid, hostNetwork) in running)
        {
            var kept = open.TryGetValue(id, out var cgroup);
            cgroup ??= Open(id);
            if (ReadOne(id, pid, hostNetwork, cgroup, cpu, sample.MemoryTotal, buffer) is { } one)
            {
                samples.Add(one);
                if (kept || (open.Count < _openLimit && open.TryAdd(id, cgroup)))
                {
                    continue;
                }
            }

            // Gone, or one too many to keep. A container started again has a new cgroup under the same name.
            _ = open.Remove(id);
            cgroup.Dispose();
        }

        if (open.Count > samples.Count)
        {
            var alive = running.Select(entry => entry.Id).ToHashSet();
            foreach (var (id, cgroup) in open.Where(entry => !alive.Contains(entry.Key)).ToList())
            {
                _ = open.Remove(id);
                cgroup.Dispose();
            }
        }

        return new(sample, samples);
    }

    private void Join(ChannelWriter<StatsBatch> reader)
    {
        lock (_gate)
        {
            _readers.Add(reader);
            if (_stop is null)
            {
                _latest = null;
                _stop = new CancellationTokenSource();
                var token = _stop.Token;
                _ = Task.Run(() => RunAsync(token), CancellationToken.None);
            }
            else if (_latest is { } latest)
            {
                _ = reader.TryWrite(latest);
            }
        }
    }

    private void Leave(ChannelWriter<StatsBatch> reader)
    {
        lock (_gate)
        {
            if (_readers.Remove(reader) && _readers.Count == 0)
            {
                // Not disposed: the loop may be about to look at its token, and without a timer there is nothing to free.
                _stop?.Cancel();
                _stop = null;
            }
        }
    }

    private async Task RunAsync(CancellationToken ct)
    {
        var open = new Dictionary<ContainerId, ICgroup>();
        var buffer = new byte[BufferSize];
        using var host = new HostReader(_procRoot, _options.DataRoot, _time);
        using var timer = new PeriodicTimer(s_interval, _time);
        try
        {
            do
            {
                try
                {
                    Publish(Pass(host, open, buffer), ct);
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
        finally
        {
            foreach (var cgroup in open.Values)
            {
                cgroup.Dispose();
            }
        }
    }

    private void Publish(StatsBatch batch, CancellationToken ct)
    {
        lock (_gate)
        {
            // A loop that was told to stop must not speak to the readers of its successor.
            if (ct.IsCancellationRequested)
            {
                return;
            }

            _latest = batch;
            foreach (var reader in _readers)
            {
                _ = reader.TryWrite(batch);
            }
        }
    }

    private ICgroup Open(ContainerId id)
    {
        var path = _containers.CgroupOf(id) ?? OciSpecBuilder.CgroupPath(_options, id);
        return _locator.Version == CgroupVersion.V2 ? new CgroupV2((_locator.PathOf("") ?? "") + path) : new CgroupV1(_locator, path);
    }

    private ContainerSample? ReadOne(ContainerId id, int pid, bool hostNetwork, ICgroup cgroup, ProcStat cpu, ulong memoryTotal, byte[] buffer)
    {
        try
        {
            if (!cgroup.TryRead(buffer, out var counters))
            {
                return null;
            }

            return new ContainerSample
            {
                Id = id,
                Time = _time.GetUtcNow(),
                CpuTotal = counters.CpuTotal,
                CpuUser = counters.CpuUser,
                CpuKernel = counters.CpuKernel,
                ThrottlingPeriods = counters.Periods,
                ThrottledPeriods = counters.ThrottledPeriods,
                ThrottledTime = counters.ThrottledTime,
                SystemCpu = cpu.Total,
                OnlineCpus = cpu.OnlineCpus,
                MemoryUsage = counters.MemoryUsage,
                MemoryLimit = Math.Min(counters.MemoryLimit, memoryTotal),
                MemoryInactiveFile = counters.MemoryInactiveFile,
                MemoryStat = counters.MemoryStat,
                PidsCurrent = counters.PidsCurrent,
                PidsLimit = counters.PidsLimit,
                Interfaces = hostNetwork ? [] : ReadInterfaces(pid, buffer),
                Block = counters.Block,
            };
        }
        catch (IOException)
        {
            // It ended while it was read.
            return null;
        }
    }

    // Opened each time: an open file would keep the network namespace, and with it the container's links, alive.
    private IReadOnlyList<InterfaceSample> ReadInterfaces(int pid, byte[] buffer)
    {
        try
        {
            using var handle = File.OpenHandle($"{_procRoot}/{pid}/net/dev", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = 0;
            while (length < buffer.Length && RandomAccess.Read(handle, buffer.AsSpan(length), length) is var read and > 0)
            {
                length += read;
            }

            return ProcNetDev.Parse(buffer.AsSpan(0, length));
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }
}
