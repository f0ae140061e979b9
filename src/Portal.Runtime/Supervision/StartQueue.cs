namespace Portal.Runtime.Supervision;

/// <summary>
/// Starts that nobody waits for, made by restart policies: few at a time, because after a boot, or when a common cause has ended many, a host has
/// other work as well; first come, first served; and none before the queue is opened.
/// </summary>
/// <param name="limit">Starts at the same time.</param>
/// <param name="time">Clock.</param>
internal sealed class StartQueue(int limit, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(limit);
    private readonly Lock _lock = new();
    private List<Entry>? _held = [];

    /// <summary>Adds a start.</summary>
    /// <param name="delay">How long it is to wait before it waits for its turn.</param>
    /// <param name="ready">What it waits for besides, before it takes a turn that others could have.</param>
    /// <param name="start">The start; its failures are its own.</param>
    /// <param name="ct">Gives it up while it waits.</param>
    public void Add(TimeSpan delay, Func<CancellationToken, Task> ready, Func<Task> start, CancellationToken ct)
    {
        var entry = new Entry(delay, ready, start, ct);
        lock (_lock)
        {
            if (_held is not null)
            {
                _held.Add(entry);
                return;
            }
        }

        _ = RunAsync(entry);
    }

    /// <summary>Begins with what was added so far, in that order.</summary>
    /// <param name="atOnce">Without the delays: what was before them is over (the machine was started anew).</param>
    public void Open(bool atOnce)
    {
        List<Entry> held;
        lock (_lock)
        {
            (held, _held) = (_held ?? [], null);
        }

        foreach (var entry in held)
        {
            _ = RunAsync(atOnce ? entry with { Delay = TimeSpan.Zero } : entry);
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task RunAsync(Entry entry)
    {
        try
        {
            if (entry.Delay > TimeSpan.Zero)
            {
                await Task.Delay(entry.Delay, time, entry.Ct).ConfigureAwait(false);
            }

            await entry.Ready(entry.Ct).ConfigureAwait(false);

            // Asked for in order, and granted in that order.
            await _slots.WaitAsync(entry.Ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            // Not on the thread of whoever opens the queue.
            await Task.Run(entry.Start, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }

    private sealed record Entry(TimeSpan Delay, Func<CancellationToken, Task> Ready, Func<Task> Start, CancellationToken Ct);
}
