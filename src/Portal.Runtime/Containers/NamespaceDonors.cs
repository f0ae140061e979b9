using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

/// <summary>The containers whose namespaces others join, in Docker's words.</summary>
internal sealed class NamespaceDonors(ContainerStore store, SharedMemory memory)
{
    private const string HostMemory = "/dev/shm";

    // A donor has a donor: the chain ends, since a container can only name one that was there before it.
    private const int MaximumChain = 64;

    /// <summary>Names and prefixes of donors as ids, which renaming does not change.</summary>
    /// <exception cref="ErrorException">400: no such donor. One of the network may come later, as with Docker.</exception>
    public ContainerSpec Settle(ContainerSpec spec) => spec with
    {
        PidMode = Settle(spec.PidMode),
        IpcMode = Settle(spec.IpcMode),
        Links = [.. spec.Links.Select(SettleLink)],
        NetworkMode = NetworkDonor.Of(spec.NetworkMode) is { } donor && store.TryResolve(donor) is { } container ? NetworkDonor.Mode(container.Id.Value) : spec.NetworkMode,
    };

    /// <summary>Takes hold of the namespaces a container is to join.</summary>
    /// <exception cref="ErrorException">404 or 409: a donor is not there or does not run. 400: it does not share.</exception>
    public JoinedNamespaces Join(ContainerSnapshot container)
    {
        var joined = new JoinedNamespaces();
        try
        {
            var spec = container.Spec;
            if (spec.PidMode.Kind == NamespaceKind.Container)
            {
                Join(spec.PidMode.Container, joined.JoinPid, reason => $"cannot join PID of a non running container: {reason}");
            }

            if (spec.IpcMode.Kind == NamespaceKind.Container)
            {
                Join(spec.IpcMode.Container, joined.JoinIpc, reason => $"can't join IPC of container {reason}: container {reason} is not running");
            }

            if (NetworkDonor.Of(spec.NetworkMode) is { } donor)
            {
                if (Resolve(donor).Id == container.Id)
                {
                    throw new ErrorException(ErrorKind.Invalid, "container.own_network", "cannot join own network");
                }

                Join(donor, joined.JoinNetwork, reason => $"cannot join network of a non running container: {reason}");
            }

            return joined;
        }
        catch
        {
            joined.Dispose();
            throw;
        }

        void Join(string reference, Action<ContainerRun> join, Func<string, string> refusal)
        {
            var donor = Running(reference, refusal);
            join(donor.Run!);
            if (container.Mappings is null)
            {
                return;
            }

            // Among those of other ids it would be root over nothing, or over too much.
            if (donor.Snapshot.Mappings != container.Mappings)
            {
                throw new ErrorException(
                    ErrorKind.Invalid, "container.other_user_namespace", $"cannot join namespaces of container {donor.Id}: it has another user namespace mapping (hint: use --userns=host for both or for none)");
            }

            joined.JoinUser(donor.Run!);
        }
    }

    /// <summary>What a container is to have as /dev/shm: a folder of the host; null for one of its own, or none.</summary>
    /// <exception cref="ErrorException">400: the donor does not share. 500: the host has none.</exception>
    public string? MemoryOf(ContainerSnapshot container) => container.Spec.IpcMode.Kind switch
    {
        NamespaceKind.Host => Path.Exists(HostMemory) ? HostMemory
            : throw new ErrorException(ErrorKind.Internal, "container.no_shm", "/dev/shm is not mounted, but must be for --ipc=host"),
        NamespaceKind.Shareable => HasOwnMount(container) ? null : memory.Mount(container.Id, container.Spec.ShmSizeBytes, container.Mappings),
        NamespaceKind.Container => SharedBy(Resolve(container.Spec.IpcMode.Container).Snapshot),
        NamespaceKind.Default or NamespaceKind.Private or NamespaceKind.None => null,
    };

    /// <summary>The container whose place in the network a container has: itself, or where the chain of donors leads.</summary>
    /// <exception cref="ErrorException">404: a donor is gone.</exception>
    public ContainerSnapshot NetworkOwner(ContainerSnapshot container) => Owner(container, id => Resolve(id).Snapshot)!;

    /// <summary>As <see cref="NetworkOwner"/>; null when a donor is gone.</summary>
    public static ContainerSnapshot? Owner(ContainerSnapshot container, Func<string, ContainerSnapshot?> find)
    {
        ContainerSnapshot? owner = container;
        for (var depth = 0; owner is not null && depth < MaximumChain && NetworkDonor.Of(owner.Spec.NetworkMode) is { } donor; depth++)
        {
            owner = find(donor);
        }

        return owner;
    }

    private string SettleLink(string text)
    {
        if (Networks.LinkName.TryParse(text) is not { } link)
        {
            throw new ErrorException(ErrorKind.Invalid, "container.bad_link", $"bad format for links: {text}");
        }

        try
        {
            return $"{Resolve(link.Container).Id}:{link.Alias}";
        }
        catch (ErrorException absent)
        {
            throw new ErrorException(absent.Error with { Kind = ErrorKind.Invalid, Message = $"could not get container for {link.Container}: {absent.Error.Message}" }, absent);
        }
    }

    private NamespaceMode Settle(NamespaceMode mode)
    {
        if (mode.Kind != NamespaceKind.Container)
        {
            return mode;
        }

        try
        {
            return mode with { Container = Resolve(mode.Container).Id.Value };
        }
        catch (ErrorException absent)
        {
            // Not a 404: clients take one of create for a missing image.
            throw new ErrorException(absent.Error with { Kind = ErrorKind.Invalid }, absent);
        }
    }

    private Container Resolve(string reference) => store.Resolve(reference);

    private Container Running(string reference, Func<string, string> refusal)
    {
        var donor = Resolve(reference);
        if (donor.Snapshot.Status.State == ContainerState.Restarting)
        {
            throw new ErrorException(ErrorKind.Conflict, "container.donor_restarting", $"Container {donor.Id} is restarting, wait until the container is running");
        }

        return donor.Snapshot.Status.IsRunning && donor.Run is not null ? donor
            : throw new ErrorException(ErrorKind.Conflict, "container.donor_not_running", refusal(donor.Id.Value));
    }

    private string SharedBy(ContainerSnapshot donor)
    {
        for (var depth = 0; depth < MaximumChain && donor.Spec.IpcMode.Kind == NamespaceKind.Container; depth++)
        {
            donor = Resolve(donor.Spec.IpcMode.Container).Snapshot;
        }

        return donor.Spec.IpcMode.Kind switch
        {
            NamespaceKind.Host => HostMemory,
            NamespaceKind.Shareable when memory.IsMounted(donor.Id) => memory.PathOf(donor.Id),
            _ => throw new ErrorException(
                ErrorKind.Invalid, "container.ipc_not_shareable",
                $"can't join IPC of container {donor.Id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)"),
        };
    }

    private static bool HasOwnMount(ContainerSnapshot container) => container.Mounts.Any(mount => mount.Target.TrimEnd('/') == HostMemory);
}
