using System.Collections.Concurrent;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

/// <summary>Running containers that a test starts and stops.</summary>
internal sealed class FakeRunning : IRunningContainers
{
    private readonly ConcurrentDictionary<ContainerId, int> _pids = new();
    private int _lists;
    private int _finds;

    /// <summary>How often everything was asked for.</summary>
    public int Lists => _lists;

    /// <summary>How often one was asked for.</summary>
    public int Finds => _finds;

    public void Start(ContainerId id, int pid) => _pids[id] = pid;

    public void Stop(ContainerId id) => _pids.TryRemove(id, out _);

    public IReadOnlyList<RunningContainer> List()
    {
        Interlocked.Increment(ref _lists);
        return [.. _pids.Select(entry => new RunningContainer(entry.Key, entry.Value)).OrderBy(container => container.Id.Value)];
    }

    public RunningContainer? Find(ContainerId id)
    {
        Interlocked.Increment(ref _finds);
        return _pids.TryGetValue(id, out var pid) ? new(id, pid) : null;
    }

    public string CgroupPath(ContainerId id) => $"/portal/{id}";
}
