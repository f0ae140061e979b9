using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Containers;

/// <summary>Changes limits and restart policy of a container: in its record and, while it runs, in the kernel, or in neither.</summary>
internal sealed class ContainerUpdating(ContainerStore store, CgroupLimits limits, OciHost host, CgroupLocator locator)
{
    /// <summary>Updates; the container's gate is held. Disk work that ends in fsync.</summary>
    /// <returns>What of the request does not have its effect on this host.</returns>
    /// <exception cref="ErrorException">400 bad value, 409 the container's state does not allow it; nothing has changed.</exception>
    public IReadOnlyList<string> Update(Container container, ContainerUpdate update)
    {
        var warnings = new List<string>();
        var before = container.Record;
        var spec = Merge(container, update, warnings);
        if (container.Run is { } run && before.Container.Status.IsRunning)
        {
            // An agent that ends in the middle leaves what its successor completes.
            container.Change(before with { Updating = spec });
            try
            {
                store.Save(container, durable: false);
                Apply(container, run.Record.Pid, before.Container.Spec, spec);
            }
            catch (IOException ex)
            {
                TakeBack(container, before);
                throw Refused(container, ErrorKind.Conflict, ex.Message, ex);
            }

            return warnings;
        }

        container.Change(before with { Container = before.Container with { Spec = spec } });
        try
        {
            store.Save(container, durable: true);
            return warnings;
        }
        catch
        {
            TakeBack(container, before);
            throw;
        }
    }

    /// <summary>Completes an update that an earlier agent began; the container's gate is held.</summary>
    /// <exception cref="IOException">The kernel refuses; the container is as before the update.</exception>
    public void Resume(Container container, int pid)
    {
        if (container.Record.Updating is not { } spec)
        {
            return;
        }

        container.Change(container.Record with { Updating = null });
        Apply(container, pid, container.Snapshot.Spec, spec);
    }

    private ContainerSpec Merge(Container container, ContainerUpdate update, List<string> warnings)
    {
        var spec = container.Snapshot.Spec;
        if (container.Record.Removing || container.Snapshot.Status.State is ContainerState.Removing or ContainerState.Dead)
        {
            throw Refused(container, ErrorKind.Conflict, "container is marked for removal and cannot be \"update\"");
        }

        // Memory and swap together may be changed alone here: the memory limit is there already.
        var asked = update.Resources;
        ResourceValidation.Check(asked is { MemoryBytes: 0, MemorySwapBytes: > 0 } ? asked with { MemorySwapBytes = 0 } : asked, Environment.ProcessorCount);
        if (update.RestartPolicy is { } policy)
        {
            ContainerValidation.CheckRestartPolicy(policy, autoRemove: false);
            if (spec.AutoRemove && policy.Kind != RestartPolicyKind.No)
            {
                throw Refused(container, ErrorKind.Conflict, "Restart policy cannot be updated because AutoRemove is enabled for the container");
            }

            spec = spec with { RestartPolicy = policy };
        }

        try
        {
            spec = spec with { Resources = ResourceUpdate.Merge(spec.Resources, ResourceFit.Fit(asked, host.Limits, warnings)) };
        }
        catch (ErrorException ex) when (ex.Error.Kind == ErrorKind.Conflict)
        {
            throw Refused(container, ErrorKind.Conflict, ex.Error.Message, ex);
        }

        ResourceValidation.Check(spec.Resources, Environment.ProcessorCount);
        return spec;
    }

    private void TakeBack(Container container, ContainerRecord before)
    {
        container.Change(before);
        try
        {
            store.Save(container, durable: false);
        }
        catch (IOException)
        {
            // What is told is what made it fail in the first place; the next write of the record puts it right.
        }
    }

    private void Apply(Container container, int pid, ContainerSpec from, ContainerSpec to)
    {
        var undo = limits.Apply(container.Id, pid, LimitChanges.Of(Build(from), Build(to), locator.Version));
        try
        {
            container.Change(container.Record with { Updating = null, Container = container.Snapshot with { Spec = to } });
            store.Save(container, durable: true);
        }
        catch
        {
            undo();
            throw;
        }
    }

    private OciResources Build(ContainerSpec spec) => OciLimits.Build(
        spec.Resources with { BlkioWeightDevices = [], BlkioReadBps = [], BlkioWriteBps = [], BlkioReadIops = [], BlkioWriteIops = [] }, host.Limits, BlockDeviceNumbers.None);

    private static ErrorException Refused(Container container, ErrorKind kind, string reason, Exception? cause = null) =>
        new(kind, "container.update_refused", $"Cannot update container {container.Id}: {reason}", cause);
}
