using Portal.Runtime.Containers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Supervision;

/// <summary>The processes of a running container.</summary>
/// <param name="monitor">conmon.</param>
/// <param name="init">The container's first process.</param>
/// <param name="bundle">Its files.</param>
/// <param name="record">The processes in numbers.</param>
internal sealed class ContainerRun(PidFd? monitor, PidFd? init, BundlePaths bundle, RunRecord record) : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _over = new();

    /// <summary>Null when it is lost.</summary>
    public PidFd? Monitor => monitor;

    /// <summary>Null when it has ended already.</summary>
    public PidFd? Init => init;

    /// <summary>Its first process has ended; <see cref="Ended"/> follows.</summary>
    public bool HasExited => init is not { Exited.IsCompleted: false };

    public BundlePaths Bundle => bundle;

    public RunRecord Record => record;

    /// <summary>When it was started, by the monotonic clock; null when an earlier agent started it.</summary>
    public long? Began { get; set; }

    /// <summary>SIGKILL was sent, or is about to be: it must not be frozen any more.</summary>
    public volatile bool Killed;

    /// <summary>Completes when the end of the run was dealt with: record, network, mounts, events.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Cancelled at the end: execs end with their container. Of use also when the run is disposed already.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>Its processes have ended.</summary>
    public Task EndExecsAsync() => _over.CancelAsync();

    /// <summary>Completes when no more output will come: it has ended, or its monitor is lost.</summary>
    public Task Silent => _silent.Task;

    public void End()
    {
        _silent.TrySetResult();
        _ended.TrySetResult();
    }

    /// <summary>Its monitor is gone, though it runs on.</summary>
    public void LoseMonitor() => _silent.TrySetResult();

    /// <summary>Sends a signal to the first process. False when it has ended.</summary>
    public bool Signal(int signal) => init?.Signal(signal) ?? false;

    public void Dispose()
    {
        monitor?.Dispose();
        init?.Dispose();
    }
}
