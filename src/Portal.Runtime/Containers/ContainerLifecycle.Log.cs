using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    /// <summary>Keeps the log of a run within its limits, to the end of the run.</summary>
    private Task KeepLogAsync(Container container, ContainerRun run)
    {
        var snapshot = container.Snapshot;
        return snapshot.LogPath.Length == 0 ? Task.CompletedTask : keeper.KeepAsync(
            OpenLogOf(snapshot, run),
            snapshot.Spec.OpenStdin ? null : run.Record.MonitorPid, snapshot.Spec.Tty, bytes => _ = CountLostAsync(container, run, bytes), run.Over);
    }

    /// <summary>The same for a run that ended while there was no agent.</summary>
    private void TidyLog(Container container, ContainerRun run)
    {
        if (container.Snapshot.LogPath.Length > 0)
        {
            keeper.Tidy(OpenLogOf(container.Snapshot, run));
        }
    }

    private static OpenLog OpenLogOf(ContainerSnapshot container, ContainerRun run) =>
        new(container.LogPath, run.Bundle.ControlFifo, KeptContainerLogs.LimitsOf(container));

    private async Task CountLostAsync(Container container, ContainerRun run, long bytes)
    {
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Run == run)
            {
                var status = container.Snapshot.Status;
                container.Change(container.Record with { Container = container.Snapshot with { Status = status with { LogBytesLost = status.LogBytesLost + bytes } } });
                TrySave(container, durable: false);
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }
}
