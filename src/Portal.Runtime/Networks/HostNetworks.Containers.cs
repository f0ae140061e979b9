using Microsoft.Win32.SafeHandles;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>Containers in networks.</summary>
internal sealed partial class HostNetworks
{
    public async Task<NetworkAttachment> AttachAsync(AttachmentRequest request, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        DemandReady();
        using var turn = await _turns.EnterAsync(request.Container, ct).ConfigureAwait(false);

        // What an earlier, broken start left would be in the way.
        Detach(request.Container);
        List<Place> places = [];
        NetworkAttachment? attachment = null;
        var isMade = false;
        try
        {
            attachment = Plan(request, places);
            if (attachment.NamespacePath is not null)
            {
                Ensure(places);
                await namespaces.CreateAsync(
                    request.Container, request.Sysctls, places.Exists(p => p.Endpoint.Link is not null) ? (inside, handle) => Furnish(inside, handle, places, attachment) : null,
                    request.Namespace).ConfigureAwait(false);
                isMade = true;
            }

            firewall.Replace([], attachment.Rules());
            return attachment;
        }
        catch (Exception e)
        {
            ports.Release(attachment?.Ports ?? []);
            Release(places);
            if (isMade)
            {
                namespaces.Remove(request.Container);
            }

            _attachments.TryRemove(request.Container, out _);
            throw Told(e);
        }
    }

    public async Task<NetworkAttachment> ConnectAsync(AttachmentRequest request, EndpointSpec endpoint, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        DemandReady();
        using var turn = await _turns.EnterAsync(request.Container, ct).ConfigureAwait(false);
        var before = _attachments.GetValueOrDefault(request.Container) is { NamespacePath: not null } found ? found
            : throw new ErrorException(ErrorKind.Conflict, "network.not_attached", $"container {request.Container.Abbreviated} has no network of its own");
        List<Place> places = [];
        var after = before;
        try
        {
            lock (_gate)
            {
                var network = Find(endpoint.NetworkId ?? endpoint.Network);
                if (before.Endpoints.Any(e => e.NetworkId == network.Id))
                {
                    throw NetworkErrors.Forbidden("already_connected", $"endpoint with name {NameOf(request.Container)} already exists in network {network.Name}");
                }

                places.Add(PlanOne(network, endpoint, [.. before.Endpoints.Select(e => e.Link)]));
                // Nobody removes the network from here on.
                after = _attachments[request.Container] = before with { Endpoints = [.. before.Endpoints, places[0].Endpoint] };
            }

            after = Republish(request, before, after);
            File.Create(NoteOf(request.Container)).Dispose();
            Ensure(places);
            await namespaces.EnterAsync(request.Container, (inside, handle) => Furnish(inside, handle, places, after)).ConfigureAwait(false);
            firewall.Replace(before.Rules(), after.Rules());
            _attachments[request.Container] = after;
            return after;
        }
        catch (Exception e)
        {
            Release(places);
            var (old, changed) = (before.Rules(), after.Rules());
            ports.Release(changed.Except(old).Select(r => new PublishedPort(r.Port, r.Protocol, r.HostAddress, r.HostPort)));
            ports.Restore(NameOf(request.Container), old.Except(changed));
            _attachments[request.Container] = before;
            throw Told(e);
        }
    }

    public async Task<NetworkAttachment> DisconnectAsync(AttachmentRequest request, string networkId, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        DemandReady();
        using var turn = await _turns.EnterAsync(request.Container, ct).ConfigureAwait(false);
        if (_attachments.GetValueOrDefault(request.Container) is not { } before || before.Endpoints.FirstOrDefault(e => e.NetworkId == networkId) is not { } gone)
        {
            throw NetworkErrors.NotFound(networkId);
        }

        var after = Republish(request, before, before with { Endpoints = [.. before.Endpoints.Where(e => e != gone)] });
        try
        {
            File.Create(NoteOf(request.Container)).Dispose();
            // Rules first: nothing may be sent to an address that is about to be somebody else's.
            firewall.Replace(before.Rules(), after.Rules());
            await namespaces.EnterAsync(request.Container, (inside, _) =>
            {
                if (gone.Link is not null)
                {
                    inside.DeleteLink(gone.Link);
                }

                NamespaceLinks.Lead(inside, after.Endpoints);
            }).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw Told(e);
        }
        finally
        {
            _attachments[request.Container] = after;
            DriverOf(gone.Driver).RemoveLink(gone, () => addresses.Release(gone));
        }

        return after;
    }

    public async Task DetachAsync(ContainerId container, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (_attachments.ContainsKey(container))
        {
            using var turn = await _turns.EnterAsync(container, CancellationToken.None).ConfigureAwait(false);
            await Task.Run(() => Detach(container), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private void Detach(ContainerId container)
    {
        if (!_attachments.TryGetValue(container, out var attachment))
        {
            return;
        }

        // Rules first: nothing may be sent to an address that is about to be somebody else's.
        firewall.Replace(attachment.Rules(), []);
        ports.Release(attachment.Ports);
        if (attachment.NamespacePath is not null)
        {
            namespaces.Remove(attachment.Container);
        }

        File.Delete(NoteOf(container));
        foreach (var endpoint in attachment.Endpoints.Where(e => e.Link is not null))
        {
            // An address is nobody's before the link that answers for it is gone.
            DriverOf(endpoint.Driver).RemoveLink(endpoint, () => addresses.Release(endpoint));
        }

        // Last: a detach that failed half way can be called again.
        _attachments.TryRemove(attachment.Container, out _);
    }

    /// <summary>Finds the networks, and takes addresses and ports. What it took is in <paramref name="places"/> even if it fails.</summary>
    private NetworkAttachment Plan(AttachmentRequest request, List<Place> places)
    {
        NetworkAttachment attachment;
        lock (_gate)
        {
            foreach (var spec in request.Endpoints)
            {
                places.Add(PlanOne(Find(spec.NetworkId ?? spec.Network), spec, [.. places.Select(p => p.Endpoint.Link)]));
            }

            var isHost = places.Exists(p => p.Network.Driver == HostDriver.DriverName);
            attachment = new(request.Container, isHost ? null : namespaces.PathOf(request.Container), [.. places.Select(p => p.Endpoint)]);
            // Nobody removes these networks from here on.
            _attachments[request.Container] = attachment;
        }

        return _attachments[request.Container] = Publish(request, attachment, request.Ports);
    }

    private Place PlanOne(NetworkRecord network, EndpointSpec spec, IReadOnlyCollection<string?> links)
    {
        EndpointValidation.Check(spec, network.Spec);
        var driver = DriverOf(network);
        var traits = driver.Read(network.Id, network.Spec);
        var id = NetworkStore.NewId();
        var endpoint = new NetworkEndpoint(
            network.Id, network.Name, network.Driver, id, null, null, null, null, null, spec.GatewayPriority, network.Spec.Internal || !traits.HasLinks, []);
        if (!traits.HasLinks)
        {
            return new(network, driver, spec, endpoint);
        }

        var leads = !network.Spec.Internal && traits.NeedsGateway;
        var ipv4 = network.Spec.EnableIPv4 ? addresses.Take(network, spec.IPv4Address, isIPv6: false, leads) : null;
        endpoint = endpoint with
        {
            Link = EndpointValidation.LinkOf(spec) ?? GatewayChoice.NextLink(traits.LinkPrefix, links),
            HostLink = network.Driver == BridgeDriver.DriverName ? BridgeDriver.VethPrefix + id[..11] : null,
            IPv4 = ipv4,
            MacAddress = !traits.HasMac ? null : MacAddress.Format((spec.MacAddress is { } mac ? MacAddress.TryParse(mac) : null) ?? MacAddress.For(ipv4?.Address)),
        };
        try
        {
            return new(network, driver, spec, endpoint with { IPv6 = network.Spec.EnableIPv6 ? addresses.Take(network, spec.IPv6Address, isIPv6: true, leads) : null });
        }
        catch
        {
            addresses.Release(endpoint);
            throw;
        }
    }

    /// <summary>Takes the host ports of a container, for the networks by which it is reached from outside.</summary>
    private NetworkAttachment Publish(AttachmentRequest request, NetworkAttachment attachment, IReadOnlyList<PortBinding> bindings, IReadOnlyList<PublishedPort>? old = null)
    {
        if (bindings.Count == 0)
        {
            return attachment;
        }

        var (ipv4, ipv6) = (Publisher(attachment, isIPv6: false), Publisher(attachment, isIPv6: true));
        var taken = ports.Exchange(NameOf(request.Container), old ?? [], Side(ipv4, isIPv6: false), Side(ipv6, isIPv6: true), bindings);
        return attachment with
        {
            Endpoints =
            [
                .. attachment.Endpoints.Select(e => e with
                {
                    Ports = [.. taken.Where(p => e.EndpointId == (p.HostAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? ipv6 : ipv4)!.EndpointId)],
                }),
            ],
        };

        PortSide? Side(NetworkEndpoint? endpoint, bool isIPv6)
        {
            if (endpoint is null || store.Find(endpoint.NetworkId) is not { } network)
            {
                return null;
            }

            var traits = bridges.Read(network.Id, network.Spec);
            var isRouted = traits.Rules!.Sides.Any(s => s.Subnet.IsIPv6 == isIPv6 && s.Mode == GatewayMode.Routed);
            return new($"{NameOf(request.Container)} ({endpoint.EndpointId})", endpoint.AddressOf(isIPv6)!.Address, isRouted, isIPv6 ? null : traits.Binding);
        }
    }

    /// <summary>Moves the published ports when another network leads outside than before. On failure everything is as it was.</summary>
    private NetworkAttachment Republish(AttachmentRequest request, NetworkAttachment before, NetworkAttachment after)
    {
        if (request.Ports.Count == 0
            || ((bool[])[false, true]).All(isIPv6 => Publisher(before, isIPv6)?.EndpointId == Publisher(after, isIPv6)?.EndpointId))
        {
            return after;
        }

        var old = before.Ports.ToList();
        // What was left open stays as it was chosen.
        return Publish(
            request, after with { Endpoints = [.. after.Endpoints.Select(e => e with { Ports = [] })] },
            [.. request.Ports.Select(b => old.Find(p => p.HostPort > 0 && b.HostPort == 0 && p.ContainerPort == b.ContainerPort && p.Protocol == b.Protocol) is { } known ? b with { HostPort = known.HostPort } : b)], old);
    }

    /// <summary>The place that a family's ports are published by: only bridges can.</summary>
    private static NetworkEndpoint? Publisher(NetworkAttachment attachment, bool isIPv6) =>
        GatewayChoice.Of(attachment.Endpoints, isIPv6) is { Driver: BridgeDriver.DriverName } endpoint ? endpoint : null;

    /// <summary>Puts back links of networks that somebody took away.</summary>
    private static void Ensure(List<Place> places)
    {
        foreach (var place in places.Where(p => p.Endpoint.Link is not null))
        {
            place.Driver.Ensure([place.Network]);
        }
    }

    private static void Furnish(RouteSocket inside, SafeFileHandle handle, List<Place> places, NetworkAttachment attachment)
    {
        foreach (var place in places.Where(p => p.Endpoint.Link is not null))
        {
            var mac = place.Endpoint.MacAddress is { } text ? MacAddress.TryParse(text) : null;
            place.Driver.MakeLink(place.Network, place.Endpoint, mac, handle);
            NamespaceLinks.Furnish(inside, place.Endpoint, place.Spec);
        }

        NamespaceLinks.Lead(inside, attachment.Endpoints);
    }

    private void Release(List<Place> places)
    {
        foreach (var place in places.Where(p => p.Endpoint.Link is not null))
        {
            place.Driver.RemoveLink(place.Endpoint, () => addresses.Release(place.Endpoint));
        }
    }

    private static Exception Told(Exception e) => e is IOException or Linux.NftablesException
        ? new ErrorException(ErrorKind.Internal, "network.setup_failed", $"failed to set up container networking: {e.Message}", e)
        : e;

    /// <summary>A place of a container about to be made.</summary>
    private sealed record Place(NetworkRecord Network, INetworkDriver Driver, EndpointSpec Spec, NetworkEndpoint Endpoint);
}
