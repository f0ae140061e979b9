using Portal.Domain.Primitives;
using Portal.Runtime.Events;

namespace Portal.Runtime.Containers;

/// <summary>Changes of what a container is called and allowed, which its processes do not notice.</summary>
internal sealed class ContainerChanges(ContainerStore store, ContainerUpdating updating, IRuntimeEvents events, TimeProvider time)
{
    /// <inheritdoc cref="IContainers.RenameAsync"/>
    public async Task RenameAsync(ContainerId id, string name, CancellationToken ct)
    {
        var container = store.Get(id);
        if (name.TrimStart('/').Trim().Length == 0)
        {
            throw new ErrorException(ErrorKind.Invalid, "container.invalid_name", "Neither old nor new names may be empty");
        }

        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            // Off the caller's thread: the record ends in fsync.
            await Task.Run(() => Rename(container, name), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary>The gate is held. The container has both names until the new one is on the disk: nobody else can take either meanwhile.</summary>
    private void Rename(Container container, string name)
    {
        _ = store.Get(container.Id);
        var before = container.Record;
        if (before.Container.IsUnreadable)
        {
            throw new ErrorException(ErrorKind.Conflict, "container.unreadable", $"container {container.Id} cannot be renamed: {before.Container.Status.Error}");
        }

        var old = before.Container.Name;
        if (name.TrimStart('/') == old)
        {
            throw new ErrorException(ErrorKind.Invalid, "container.same_name", "Renaming a container with the same name as its current name");
        }

        try
        {
            name = store.Reserve(name, container.Id);
        }
        catch (ErrorException ex)
        {
            throw new ErrorException(ex.Error with { Message = "Error when allocating new name: " + ex.Error.Message }, ex);
        }

        try
        {
            container.Change(before with { Container = before.Container with { Name = name } });
            store.Save(container, durable: true);
        }
        catch
        {
            container.Change(before);
            store.Release(name, container.Id);
            throw;
        }

        store.Release(old, container.Id);
        Publish(container, "rename", ("oldName", "/" + old));
    }

    /// <inheritdoc cref="IContainers.UpdateAsync"/>
    public async Task<IReadOnlyList<string>> UpdateAsync(ContainerId id, ContainerUpdate update, CancellationToken ct)
    {
        var container = store.Get(id);
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            _ = store.Get(id);
            var warnings = await Task.Run(() => updating.Update(container, update), CancellationToken.None).ConfigureAwait(false);
            Publish(container, "update");
            return warnings;
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <inheritdoc cref="ContainerUpdating.Resume"/>
    public void Resume(Container container, int pid) => updating.Resume(container, pid);

    private void Publish(Container container, string action, params ReadOnlySpan<(string Key, string Value)> attributes) =>
        events.Publish(ContainerEvent.Of(container.Snapshot, action, time.GetUtcNow(), attributes));
}
