using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Health;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    public async Task PauseAsync(ContainerId id, CancellationToken ct)
    {
        var container = store.Get(id);
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            Check(container, ContainerOperation.Pause).Demand();
            var run = container.Run ?? throw NotRunning(id);
            var before = container.Record;
            try
            {
                if (!await care.TryFreezeAsync(id, run, ct).ConfigureAwait(false) || run.Killed)
                {
                    // It has ended, or its processes were to end: frozen they never would. Whoever kills it from now on sees that it is paused.
                    throw NotRunning(id);
                }

                Show(container, ContainerState.Paused, HealthMachine.Stopped(container.Snapshot.Status.Health));
                store.Save(container, durable: false);
            }
            catch (Exception ex)
            {
                TryThaw(container, run);
                container.Change(before);
                throw ex is IOException
                    ? new ErrorException(ErrorKind.Internal, "container.pause_failed", $"Cannot pause container {id}: {ex.Message}", ex)
                    : ex;
            }

            care.StopProbing(id);
            Publish(container, "pause");
        }
        finally
        {
            container.Gate.Release();
        }
    }

    public async Task UnpauseAsync(ContainerId id, CancellationToken ct)
    {
        var container = store.Get(id);
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            Check(container, ContainerOperation.Unpause).Demand();
            Unpause(container, container.Run ?? throw NotRunning(id));
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary>Lets a run that is to end go on if it is paused. The signal goes first: then the process does nothing else any more.</summary>
    private async Task ThawAsync(Container container, ContainerRun run)
    {
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Run == run && container.Snapshot.Status.State == ContainerState.Paused)
            {
                Unpause(container, run);
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary>The gate is held and the container is paused.</summary>
    private void Unpause(Container container, ContainerRun run)
    {
        try
        {
            care.Thaw(container.Id, run);
        }
        catch (IOException ex)
        {
            throw new ErrorException(ErrorKind.Internal, "container.unpause_failed", $"Cannot unpause container {container.Id}: {ex.Message}", ex);
        }

        Show(container, ContainerState.Running, container.Snapshot.Status.Health);
        TrySave(container, durable: false);
        Publish(container, "unpause");
        care.Probe(container, run);
    }

    /// <summary>
    /// Makes record and kernel agree on whether an adopted container is paused. One that was thawed runs, whatever the record says; one that is
    /// frozen without a record of it belongs to a pause that nobody was answered for.
    /// </summary>
    private void SettlePause(Container container, ContainerRun run)
    {
        var paused = container.Snapshot.Status.State == ContainerState.Paused;
        var frozen = care.IsFrozen(container.Id, run);
        if (paused && !frozen)
        {
            Show(container, ContainerState.Running, container.Snapshot.Status.Health);
        }
        else if (frozen && !paused)
        {
            TryThaw(container, run);
        }
    }

    private void TryThaw(Container container, ContainerRun run)
    {
        try
        {
            care.Thaw(container.Id, run);
        }
        catch (IOException)
        {
            // It has ended: there is nothing to let go.
        }
    }

    private static void Show(Container container, ContainerState state, ContainerHealth? health) => container.Change(
        container.Record with { Container = container.Snapshot with { Status = container.Snapshot.Status with { State = state, Health = health } } });

    private static ErrorException NotRunning(ContainerId id) => new(ErrorKind.Conflict, "container.not_running", $"Container {id} is not running");
}
