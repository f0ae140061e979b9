using System.Runtime.CompilerServices;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <summary>
/// The samples of the last five minutes and their readers. The engine's stream is read all the time, watched or not: one line a second
/// and host costs next to nothing, and a page that opens has its chart at once. A slow reader gets the newest sample, not a queue.
/// </summary>
internal sealed class StatsBoard
{
    /// <summary>Five minutes at one a second.</summary>
    private const int Kept = 300;

    private readonly Lock _gate = new();
    private readonly Dictionary<HostId, Queue<HostStats>> _hosts = [];
    private readonly Dictionary<(HostId Host, ContainerId Id), Queue<ContainerStats>> _containers = [];
    private readonly Dictionary<HostId, IReadOnlyList<ContainerStats>> _newest = [];
    private readonly HashSet<LatestReader<HostStats>> _hostReaders = [];
    private readonly HashSet<LatestReader<IReadOnlyList<ContainerStats>>> _containerReaders = [];

    /// <summary>Adds a second of a host.</summary>
    public void Add(HostId host, HostStats? stats, IReadOnlyList<ContainerStats> containers)
    {
        lock (_gate)
        {
            if (stats is not null)
            {
                Keep(_hosts, host, stats);
                foreach (var reader in _hostReaders)
                {
                    reader.Post(host, stats);
                }
            }

            foreach (var sample in containers)
            {
                Keep(_containers, (host, sample.Id), sample);
            }

            _newest[host] = containers;
            foreach (var reader in _containerReaders)
            {
                reader.Post(host, containers);
            }
        }
    }

    /// <summary>Forgets a container that is gone.</summary>
    public void Forget(HostId host, ContainerId container)
    {
        lock (_gate)
        {
            _containers.Remove((host, container));
        }
    }

    /// <summary>What is kept of a host, then each new sample.</summary>
    public IAsyncEnumerable<IReadOnlyList<HostStats>> HostAsync(HostId host, CancellationToken ct) => ReadAsync<HostStats, HostStats>(
        _hostReaders, id => id == host, () => _hosts.TryGetValue(host, out var kept) ? [[.. kept]] : [], stats => [stats], ct);

    /// <summary>What is kept of a container, then each new sample.</summary>
    public IAsyncEnumerable<IReadOnlyList<ContainerStats>> ContainerAsync(HostId host, ContainerId container, CancellationToken ct) => ReadAsync<ContainerStats, IReadOnlyList<ContainerStats>>(
        _containerReaders, id => id == host, () => _containers.TryGetValue((host, container), out var kept) ? [[.. kept]] : [],
        batch => batch.FirstOrDefault(sample => sample.Id == container) is { } sample ? [sample] : [], ct);

    /// <summary>The newest samples of every container on the hosts that are wanted, one batch per host and second.</summary>
    public IAsyncEnumerable<IReadOnlyList<ContainerStats>> ContainersAsync(Func<HostId, bool> wanted, CancellationToken ct) => ReadAsync<ContainerStats, IReadOnlyList<ContainerStats>>(
        _containerReaders, wanted, () => [.. _newest.Where(entry => wanted(entry.Key)).Select(entry => entry.Value)], batch => batch, ct);

    private static void Keep<TKey, TSample>(Dictionary<TKey, Queue<TSample>> all, TKey key, TSample sample) where TKey : notnull
    {
        if (!all.TryGetValue(key, out var kept))
        {
            all[key] = kept = new Queue<TSample>();
        }

        if (kept.Count == Kept)
        {
            kept.Dequeue();
        }

        kept.Enqueue(sample);
    }

    private async IAsyncEnumerable<IReadOnlyList<TItem>> ReadAsync<TItem, TPosted>(
        HashSet<LatestReader<TPosted>> readers, Func<HostId, bool> wanted, Func<IReadOnlyList<IReadOnlyList<TItem>>> history,
        Func<TPosted, IReadOnlyList<TItem>> pick, [EnumeratorCancellation] CancellationToken ct)
    {
        var reader = new LatestReader<TPosted>(wanted);
        IReadOnlyList<IReadOnlyList<TItem>> before;
        lock (_gate)
        {
            before = history();
            readers.Add(reader);
        }

        try
        {
            foreach (var batch in before.Where(batch => batch.Count > 0))
            {
                yield return batch;
            }

            await foreach (var posted in reader.ReadAllAsync(ct))
            {
                if (pick(posted) is { Count: > 0 } batch)
                {
                    yield return batch;
                }
            }
        }
        finally
        {
            lock (_gate)
            {
                readers.Remove(reader);
            }
        }
    }
}
