using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

/// <summary>A container in memory: its record, its current run, and who waits for what.</summary>
/// <param name="record">As stored.</param>
/// <param name="folder">Its files.</param>
/// <param name="time">Clock.</param>
internal sealed class Container(ContainerRecord record, string folder, TimeProvider time)
{
    private readonly Lock _lock = new();
    private volatile ContainerRecord _record = record;
    private TaskCompletionSource<ContainerExit> _nextExit = Source();
    private readonly TaskCompletionSource<ContainerExit> _removed = Source();

    /// <summary>Serialises what changes the container. Never held while waiting for a process to end.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    public ContainerId Id { get; } = record.Container.Id;

    /// <summary>As stored. Replace it under the gate only.</summary>
    public ContainerRecord Record => _record;

    public ContainerSnapshot Snapshot => _record.Container;

    /// <summary>The live processes; null when it does not run.</summary>
    public ContainerRun? Run { get; set; }

    /// <summary>Stdio of the current run, or of the next one.</summary>
    public ContainerStdio Stdio { get; private set; } = new(time, folder);

    /// <summary>Set while a start by restart policy is pending; cancelling gives it up.</summary>
    public CancellationTokenSource? Pending { get; set; }

    /// <summary>The end of the run is part of a restart: a container that removes itself stays this time.</summary>
    public bool KeepOnExit { get; set; }

    /// <summary>Stdio of the next run; returns that of the one before, which is to be finished.</summary>
    public ContainerStdio RenewStdio()
    {
        var before = Stdio;
        Stdio = new(time, folder);
        return before;
    }

    /// <summary>Replaces the record without telling anybody that waits.</summary>
    public void Change(ContainerRecord record) => _record = record;

    /// <summary>Replaces the record and answers those who wait for the end of a run.</summary>
    public void ChangeOnExit(ContainerRecord record, ContainerExit exit)
    {
        TaskCompletionSource<ContainerExit> waiting;
        lock (_lock)
        {
            _record = record;
            (waiting, _nextExit) = (_nextExit, Source());
        }

        waiting.TrySetResult(exit);
    }

    /// <summary>Answers everybody: the container is gone.</summary>
    public void Removed()
    {
        var status = Snapshot.Status;
        var exit = new ContainerExit(status.ExitCode, status.Error.Length > 0 ? status.Error : null);
        lock (_lock)
        {
            _removed.TrySetResult(exit);
            _nextExit.TrySetResult(exit);
        }
    }

    /// <summary>Registers a wait; it counts from now on.</summary>
    public Task<ContainerExit> WaitAsync(WaitCondition condition)
    {
        lock (_lock)
        {
            var status = Snapshot.Status;
            return condition switch
            {
                WaitCondition.NotRunning => status.IsRunning || status.State == ContainerState.Restarting
                    ? _nextExit.Task
                    : Task.FromResult(new ContainerExit(status.ExitCode, status.Error.Length > 0 ? status.Error : null)),
                WaitCondition.NextExit => _nextExit.Task,
                WaitCondition.Removed => _removed.Task,
            };
        }
    }

    private static TaskCompletionSource<ContainerExit> Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
