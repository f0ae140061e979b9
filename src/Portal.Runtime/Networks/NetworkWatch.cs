using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Networks;

/// <summary>Calls a repair every few seconds until stopped. A round that fails is logged and the next one tries again.</summary>
internal sealed class NetworkWatch(TimeProvider time, ILogger<NetworkWatch> logger) : IDisposable
{
    /// <summary>What is taken away must be back within five seconds.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Lock _round = new();
    private CancellationTokenSource? _stop;

    /// <summary>Starts the rounds; ends those of an earlier start.</summary>
    public void Start(Action repair)
    {
        lock (_gate)
        {
            Stop();
            _stop = new();
            // The timer exists before this returns, so that no period is lost to scheduling.
            _ = RunAsync(new PeriodicTimer(Period, time), repair, _stop.Token);
        }
    }

    /// <summary>Starts no further round, and returns when none is running.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stop?.Cancel();
            _stop?.Dispose();
            _stop = null;
        }

        lock (_round)
        {
        }
    }

    public void Dispose() => Stop();

    private async Task RunAsync(PeriodicTimer timer, Action repair, CancellationToken ct)
    {
        var isFailing = false;
        using (timer)
        {
            try
            {
                while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false))
                {
                    try
                    {
                        lock (_round)
                        {
                            if (ct.IsCancellationRequested)
                            {
                                return;
                            }

                            repair();
                        }

                        isFailing = false;
                    }
                    catch (Exception e)
                    {
                        // The same failure every three seconds would bury everything else.
                        if (!isFailing)
                        {
                            logger.RepairFailed(e);
                        }

                        isFailing = true;
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}
