using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    public async Task RemoveAsync(ContainerId id, bool force, bool removeVolumes, CancellationToken ct)
    {
        var container = store.Get(id);
        Check(container, force ? ContainerOperation.ForceRemove : ContainerOperation.Remove).Demand();
        await RemoveAsync(container, force, removeVolumes).WaitAsync(ct).ConfigureAwait(false);
    }

    private async Task RemoveAsync(Container container, bool force, bool removeVolumes)
    {
        await GiveUpIfForcedAsync().ConfigureAwait(false);
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Record.Removing && container.Snapshot.Status.State == ContainerState.Removing)
            {
                // Meanwhile somebody else removed it, which is his success; or the engine, because it ended (--rm), which is what was asked for.
                _ = container.Snapshot.Spec.AutoRemove ? container : store.Get(container.Id);
                return;
            }

            Check(container, ContainerOperation.Remove).Demand();
            if (!await RemoveCoreAsync(container, removeVolumes).ConfigureAwait(false))
            {
                throw new ErrorException(ErrorKind.Internal, "container.remove_failed", $"cannot remove container \"/{container.Snapshot.Name}\": {container.Snapshot.Status.Error}");
            }
        }
        finally
        {
            container.Gate.Release();
        }

        async Task GiveUpIfForcedAsync()
        {
            if (!force)
            {
                return;
            }

            await GiveUpRestartAsync(container).ConfigureAwait(false);
            if (container.Run is { } run)
            {
                await MarkStoppedAsync(container, run).ConfigureAwait(false);
                await KillRunAsync(container, run).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Removes a container that does not run; the gate is held. On failure it stays, as dead, and can be removed again. The
    /// record goes last, so that whatever is left belongs to a container that is still listed.
    /// </summary>
    private async Task<bool> RemoveCoreAsync(Container container, bool removeVolumes)
    {
        var before = container.Record;
        container.Change(before with { Removing = true, RemovingVolumes = removeVolumes, Container = before.Container with { Status = before.Container.Status with { State = ContainerState.Removing } } });
        try
        {
            if (!before.Container.IsEphemeral)
            {
                // On a full disk it is not said, and done all the same: deleting is what makes room.
                TrySave(container, durable: false);
            }

            using var slot = await slots.EnterAsync().ConfigureAwait(false);
            await Task.Run(() => layers.Remove(container.Id)).ConfigureAwait(false);
            if (removeVolumes)
            {
                foreach (var mount in before.Container.Mounts.Where(mount => mount is { Anonymous: true, VolumeName: not null }))
                {
                    volumes.Discard(mount.VolumeName!, container.Id);
                }
            }

            store.Remove(container);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ErrorException)
        {
            container.Change(container.Record with { Container = container.Snapshot with { Status = container.Snapshot.Status with { State = ContainerState.Dead, Error = DiskFailure.Words(ex) ?? ex.Message } } });
            LogRemoveFailed(container.Id, ex);
            return false;
        }

        var stdio = container.Stdio;
        await stdio.FinishAsync().ConfigureAwait(false);
        Publish(container, "destroy");
        container.Removed();
        return true;
    }
}
