using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
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
}
