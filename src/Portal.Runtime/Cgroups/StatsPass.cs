using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>A container that somebody follows, and what the last pass read of it.</summary>
internal class WatchedContainer(ContainerId id)
{
    public ContainerId Id => id;

    /// <summary>Of the last pass; nothing when it does not run.</summary>
    public ContainerReading Reading { get; set; }
}

/// <summary>
/// Reads all containers that are wanted, once. Files stay open from pass to pass, which makes a pass little more than one system
/// call per file. Not for use by two threads at once.
/// </summary>
/// <param name="containers">Who runs.</param>
/// <param name="open">Opens a run's counters.</param>
/// <param name="host">The host's counters, owned by the caller.</param>
/// <param name="time">Time of samples.</param>
/// <param name="openLimit">Containers whose files stay open; those beyond are opened anew each time.</param>
internal sealed class StatsPass(
    IRunningContainers containers, Func<RunningContainer, ContainerCounters> open, HostReader host, TimeProvider time, int openLimit) : IDisposable
{
    private readonly Dictionary<ContainerId, ContainerCounters> _known = [];
    private readonly List<ContainerId> _gone = [];
    private readonly byte[] _buffer = new byte[StatsSampler.BufferSize];
    private long _pass;
    private int _kept;

    /// <summary>Reads the watched ones in detail and, when <paramref name="all"/>, the host and every other container too.</summary>
    /// <returns>The host and every container, or null without <paramref name="all"/>.</returns>
    public StatsBatch? Read(IReadOnlyList<WatchedContainer> watched, bool all)
    {
        _pass++;
        var counters = host.ReadCounters(_buffer);
        for (var i = 0; i < watched.Count; i++)
        {
            watched[i].Reading = containers.Find(watched[i].Id) is { } container ? ReadOne(container, detailed: true, counters) : default;
        }

        var batch = all ? ReadAll(counters) : null;
        Forget();
        return batch;
    }

    public void Dispose()
    {
        foreach (var counters in _known.Values)
        {
            counters.Dispose();
        }
    }

    private StatsBatch ReadAll(HostCounters counters)
    {
        var running = containers.List();
        var sample = host.Read(counters, _buffer);
        var samples = new List<ContainerSample>(running.Count);
        for (var i = 0; i < running.Count; i++)
        {
            // A watched one was read in this pass.
            var read = _known.TryGetValue(running[i].Id, out var known) && known.Pass == _pass && known.Pid == running[i].Pid
                ? known.Last : ReadOne(running[i], detailed: false, counters).Current;
            if (read is not null)
            {
                samples.Add(read);
            }
        }

        return new(sample, samples);
    }

    private ContainerReading ReadOne(RunningContainer container, bool detailed, HostCounters counters)
    {
        if (_known.TryGetValue(container.Id, out var known) && known.Pid != container.Pid)
        {
            Drop(container.Id, known);
            known = null;
        }

        if (known is null)
        {
            _known[container.Id] = known = open(container);
        }

        known.Pass = _pass;
        var previous = known.Last;
        if (known.Read(detailed, counters, time, _buffer) is not { } current)
        {
            Drop(container.Id, known);
            return default;
        }

        if (!known.Kept)
        {
            if (_kept < openLimit)
            {
                known.Kept = true;
                _kept++;
            }
            else
            {
                known.Release();
            }
        }

        return new(current, previous);
    }

    private void Forget()
    {
        foreach (var (id, known) in _known)
        {
            if (known.Pass != _pass)
            {
                _gone.Add(id);
            }
        }

        foreach (var id in _gone)
        {
            Drop(id, _known[id]);
        }

        _gone.Clear();
    }

    private void Drop(ContainerId id, ContainerCounters counters)
    {
        _ = _known.Remove(id);
        _kept -= counters.Kept ? 1 : 0;
        counters.Dispose();
    }
}
