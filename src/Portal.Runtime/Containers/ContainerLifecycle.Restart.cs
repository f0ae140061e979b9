using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    /// <summary>Starts a container again after a pause, unless somebody stops, starts or removes it before. The gate is held.</summary>
    private void StartLater(Container container, TimeSpan delay)
    {
        var pending = new CancellationTokenSource();
        container.Pending = pending;
        starts.Add(delay, ct => WaitForDonorsAsync(container, ct), () => StartPendingAsync(container, pending), pending.Token);
    }

    /// <summary>When the engine starts: starts a container that has ended if its policy says so, whatever ended it. The gate is held.</summary>
    private void StartWithEngine(Container container)
    {
        var record = container.Record;
        var status = container.Snapshot.Status;
        if (status is { State: ContainerState.Exited, StartedAt: not null }
            && RestartRule.StartsWithEngine(container.Snapshot.Spec.RestartPolicy, status.ExitCode, record.StoppedByUser, container.Snapshot.RestartCount))
        {
            container.Change(record with { Container = container.Snapshot with { Status = status with { State = ContainerState.Restarting } } });
            StartLater(container, TimeSpan.Zero);
        }
    }

    private async Task StartPendingAsync(Container container, CancellationTokenSource pending)
    {
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Pending == pending && container.Snapshot.Status.State == ContainerState.Restarting)
            {
                container.Pending = null;
                await StartCoreAsync(container).ConfigureAwait(false);
            }
        }
        catch (ErrorException ex)
        {
            LogRestartFailed(container.Id, ex);
        }
        finally
        {
            container.Gate.Release();
            pending.Dispose();
        }
    }
}
