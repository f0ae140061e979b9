using Portal.Runtime.Linux;

namespace Portal.Agent.Node;

/// <summary>
/// Gives memory back once the agent has gone quiet. What starting and serving left behind would otherwise stay until the next
/// collection, and an idle agent has none: on a machine with a large cache the collector lets many megabytes come together first.
/// </summary>
internal sealed class IdleMemory(TimeProvider time) : IHostedService, IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private readonly IdleRule _rule = new();
    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = time.CreateTimer(_ => Look(), null, s_interval, s_interval);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        if (_rule.IsDue(GC.GetTotalAllocatedBytes()))
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            NativeHeap.Trim();
            _rule.Collected(GC.GetTotalAllocatedBytes());
        }
    }
}

/// <summary>When it is worth collecting: a good deal was allocated since the last time, and hardly anything lately. Pure.</summary>
internal sealed class IdleRule
{
    /// <summary>Bytes that may be allocated between two looks at a quiet agent.</summary>
    public const long Quiet = 64 * 1024;

    /// <summary>Bytes that are worth a collection.</summary>
    public const long Worth = 1024 * 1024;

    private long _last;
    private long _collected;

    /// <summary>Tells it what was allocated so far; true when now is the time.</summary>
    public bool IsDue(long allocated)
    {
        var quiet = allocated - _last < Quiet;
        _last = allocated;
        return quiet && allocated - _collected >= Worth;
    }

    /// <summary>A collection took place.</summary>
    public void Collected(long allocated) => _last = _collected = allocated;
}
