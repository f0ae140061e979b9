using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    public async Task ConnectAsync(ContainerId id, EndpointSpec endpoint, CancellationToken ct)
    {
        var container = store.Get(id);
        var network = networks.Resolve(endpoint.NetworkId ?? endpoint.Network);
        endpoint = endpoint with { Network = network.Name, NetworkId = network.Id };
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            DemandPresence(container);
            var (before, spec) = (container.Record, container.Snapshot.Spec);
            var members = NetworkChoice.Of(spec);
            var asked = members.FirstOrDefault(p => IsIn(p, network));
            if (asked is not null && container.Run is not null)
            {
                throw NetworkErrors.Forbidden("already_connected", $"endpoint with name {container.Snapshot.Name} already exists in network {network.Name}");
            }

            if (asked is null)
            {
                NetworkChoice.CheckFurther(spec, network.Name);
            }

            EndpointValidation.Check(endpoint, network.Spec);
            // One that does not run takes the newer wish.
            IReadOnlyList<EndpointSpec> wanted = asked is null ? [.. members, endpoint] : [.. members.Select(p => p == asked ? endpoint : p)];
            await MoveAsync(
                container, before with { Container = before.Container with { Spec = spec with { Endpoints = wanted } } },
                snapshot => places.ConnectAsync(snapshot, endpoint, CancellationToken.None), undo: snapshot => places.DisconnectAsync(snapshot, network.Id, CancellationToken.None)).ConfigureAwait(false);
            if (container.Snapshot.Attachment?.Endpoints.FirstOrDefault(e => e.NetworkId == network.Id) is { } place)
            {
                PublishNetwork(container, "connect", place);
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }

    public async Task DisconnectAsync(ContainerId id, string network, CancellationToken ct)
    {
        var container = store.Get(id);
        var known = networks.Resolve(network);
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            DemandPresence(container);
            var (before, spec) = (container.Record, container.Snapshot.Spec);
            if (known.Name == "host" || spec.NetworkMode == "host")
            {
                throw NetworkChoice.HostConflict();
            }

            var members = NetworkChoice.Of(spec);
            if (members.FirstOrDefault(p => IsIn(p, known)) is not { } place)
            {
                throw NetworkErrors.Forbidden("not_connected", $"container {id} is not connected to network {known.Name}");
            }

            var gone = container.Snapshot.Attachment?.Endpoints.FirstOrDefault(e => e.NetworkId == known.Id);
            await MoveAsync(
                container, before with { Container = before.Container with { Spec = spec with { Endpoints = [.. members.Where(p => p != place)] } } },
                snapshot => gone is null ? Task.FromResult(snapshot.Attachment!) : places.DisconnectAsync(snapshot, known.Id, CancellationToken.None),
                undo: snapshot => places.ConnectAsync(snapshot, place, CancellationToken.None)).ConfigureAwait(false);
            if (gone is not null)
            {
                PublishNetwork(container, "disconnect", gone);
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary>
    /// Changes where a container is, in the kernel first if it runs: what is cut short before it is written down is swept by the
    /// next agent. The gate is held.
    /// </summary>
    private async Task MoveAsync(Container container, ContainerRecord after, Func<ContainerSnapshot, Task<NetworkAttachment>> move, Func<ContainerSnapshot, Task<NetworkAttachment>> undo)
    {
        var before = container.Record;
        var isLive = container.Run is not null && container.Snapshot.Attachment is { NamespacePath: not null };
        if (isLive)
        {
            var attachment = await move(container.Snapshot).ConfigureAwait(false);
            after = after with { Container = after.Container with { Attachment = attachment } };
        }

        container.Change(after);
        try
        {
            await Task.Run(() => store.Save(container, durable: !container.Snapshot.IsEphemeral)).ConfigureAwait(false);
        }
        catch (IOException)
        {
            var attachment = isLive ? await undo(container.Snapshot).ConfigureAwait(false) : before.Container.Attachment;
            container.Change(before with { Container = before.Container with { Attachment = attachment } });
            throw;
        }
    }

    private static bool IsIn(EndpointSpec place, NetworkSnapshot network) => place.NetworkId is { } id ? id == network.Id : place.Network == network.Name;

    private static void DemandPresence(Container container)
    {
        if (container.Snapshot.Status.State is ContainerState.Removing or ContainerState.Dead)
        {
            throw new ErrorException(ErrorKind.Conflict, "container.removing", $"container {container.Id} is marked for removal and cannot be connected or disconnected to the network");
        }
    }
}
