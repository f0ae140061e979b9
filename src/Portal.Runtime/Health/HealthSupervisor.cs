using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Health;

/// <summary>
/// Probes the containers that have a health check, one probe of a container at a time. What is found is in memory only: a new agent begins
/// anew, and a write to the disk for every probe would be the busiest writer of a quiet host.
/// </summary>
internal sealed partial class HealthSupervisor(IProbes probes, IRuntimeEvents events, TimeProvider time, ILogger<HealthSupervisor> log)
{
    private readonly ConcurrentDictionary<ContainerId, Watch> _watches = new();

    /// <summary>Health at the start of a run, or of its adoption; null without a check.</summary>
    public static ContainerHealth? Initial(ContainerSnapshot container) =>
        HealthSettings.Of(container.Effective) is null ? null : HealthMachine.Started(container.Status.Health);

    /// <summary>Begins to probe a run, if the container has a check. The container's gate is held.</summary>
    public void Begin(Container container, ContainerRun run)
    {
        if (HealthSettings.Of(container.Snapshot.Effective) is not { } settings)
        {
            return;
        }

        // A probe of before may still be dying: the next waits for its end.
        var previous = _watches.TryGetValue(container.Id, out var before) ? before.Running : Task.CompletedTask;
        before?.Stop.Cancel();
        var stop = new CancellationTokenSource();
        var watch = new Watch(stop, RunAsync(container, run, settings, previous, stop.Token));
        _watches[container.Id] = watch;
        _ = ForgetAsync(container.Id, watch);
    }

    /// <summary>Ends probing: the container is paused, or its run is over. The container's gate is held.</summary>
    public void End(ContainerId container)
    {
        if (_watches.TryGetValue(container, out var watch))
        {
            watch.Stop.Cancel();
        }
    }

    private async Task ForgetAsync(ContainerId id, Watch watch)
    {
        await watch.Running.ConfigureAwait(false);
        _watches.TryRemove(new(id, watch));
        watch.Stop.Dispose();
    }

    private async Task RunAsync(Container container, ContainerRun run, HealthSettings settings, Task previous, CancellationToken ct)
    {
        try
        {
            await previous.ConfigureAwait(false);
            await ProbeAsync(container, run, settings, ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Paused or ended.
        }
        catch (Exception ex)
        {
            // A bug: the container is worth more than its check.
            LogFailed(container.Id, ex);
        }
    }

    private async Task ProbeAsync(Container container, ContainerRun run, HealthSettings settings, CancellationToken ct)
    {
        // By the monotonic clock from here on: a clock that is set must not end a start period.
        var began = time.GetTimestamp();
        var before = time.GetUtcNow() - (container.Snapshot.Status.StartedAt ?? time.GetUtcNow());
        before = before > TimeSpan.Zero ? before : TimeSpan.Zero;
        while (container.Snapshot.Status.Health is { } health)
        {
            await Task.Delay(HealthMachine.Pause(health, settings, Ran()), time, ct).ConfigureAwait(false);
            var ran = Ran();
            var probe = await probes.RunAsync(container, settings, ct).ConfigureAwait(false);
            await ApplyAsync(container, run, settings, probe.Result, ran, ct).ConfigureAwait(false);
            await probe.Over.ConfigureAwait(false);
        }

        TimeSpan Ran() => before + time.GetElapsedTime(began);
    }

    private async Task ApplyAsync(Container container, ContainerRun run, HealthSettings settings, HealthProbe probe, TimeSpan ran, CancellationToken ct)
    {
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            // Whoever paused or ended it meanwhile held the gate.
            ct.ThrowIfCancellationRequested();
            if (container.Run != run || container.Snapshot.Status.Health is not { } health)
            {
                return;
            }

            var after = HealthMachine.Observe(health, probe, settings, ran);
            container.Change(container.Record with { Container = container.Snapshot with { Status = container.Snapshot.Status with { Health = after } } });
            if (after.Status != health.Status)
            {
                events.Publish(ContainerEvent.Of(container.Snapshot, $"health_status: {Name(after.Status)}", time.GetUtcNow()));
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private static string Name(HealthStatus status) => status switch
    {
        HealthStatus.Starting => "starting",
        HealthStatus.Healthy => "healthy",
        HealthStatus.Unhealthy => "unhealthy",
    };

    private sealed record Watch(CancellationTokenSource Stop, Task Running);

    [LoggerMessage(3501, LogLevel.Error, "The health check of container {Container} failed and is not run any more.")]
    private partial void LogFailed(ContainerId container, Exception failure);
}
