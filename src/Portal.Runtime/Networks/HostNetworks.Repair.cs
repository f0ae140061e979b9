using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>What was there before: when the agent starts, and when somebody else has changed the kernel.</summary>
internal sealed partial class HostNetworks
{
    /// <summary>Puts back what somebody else took away from the kernel.</summary>
    private void Repair()
    {
        // No network is removed meanwhile: its link would come back with nobody to take it away.
        lock (_gate)
        {
            RestoreLinks();
        }

        RestorePairsAsync().GetAwaiter().GetResult();
        if (firewall.Repair())
        {
            logger.RulesRepaired();
        }
    }

    /// <summary>The links of all networks. One that cannot be had is no reason to be without the others, but the default one is.</summary>
    private void RestoreLinks()
    {
        try
        {
            bridges.Ensure([.. store.All.Where(n => n.Driver == BridgeDriver.DriverName)]);
        }
        catch (Exception e) when (e is IOException or ErrorException && !_isReady)
        {
            foreach (var network in store.All.Where(n => n.Driver == BridgeDriver.DriverName))
            {
                EnsureOne(network, bridges);
            }
        }

        foreach (var network in store.All.Where(n => n is { OwnsLink: true, Driver: not BridgeDriver.DriverName }))
        {
            EnsureOne(network, DriverOf(network));
        }

        void EnsureOne(NetworkRecord network, INetworkDriver driver)
        {
            try
            {
                driver.Ensure([network]);
            }
            catch (Exception e) when (e is IOException or ErrorException && !network.IsPredefined)
            {
                logger.NetworkDown(network.Name, e);
            }
        }
    }

    /// <summary>Takes a place in the networks as in force.</summary>
    private void Adopt(NetworkAttachment attachment)
    {
        _attachments[attachment.Container] = attachment;
        foreach (var endpoint in attachment.Endpoints)
        {
            if (!addresses.Reserve(endpoint))
            {
                logger.AddressTaken(attachment.Container.Abbreviated, (endpoint.IPv4 ?? endpoint.IPv6)!.Address);
            }
        }

        foreach (var lost in ports.Restore(NameOf(attachment.Container), attachment.Rules()))
        {
            logger.PortLost(attachment.Container.Abbreviated, lost.HostAddress, lost.HostPort, lost.Protocol);
        }
    }

    /// <summary>
    /// Makes what running containers have inside as it is written down: an agent that was ended while it changed that has left
    /// more or less of it.
    /// </summary>
    private async Task RestoreInsideAsync(IReadOnlyList<NetworkAttachment> live)
    {
        await RestorePairsAsync().ConfigureAwait(false);
        var hasSublinks = store.All.Any(n => n.Driver is MacvlanDriver.MacvlanName or MacvlanDriver.IpvlanName);
        foreach (var attachment in live.Where(a => a.NamespacePath is not null))
        {
            var isMoved = File.Exists(NoteOf(attachment.Container));
            if (!isMoved && !hasSublinks)
            {
                continue;
            }

            try
            {
                IReadOnlyList<NetworkEndpoint> missing = [];
                await namespaces.EnterAsync(attachment.Container, (inside, _) => missing = NamespaceLinks.Sweep(inside, attachment.Endpoints)).ConfigureAwait(false);
                foreach (var endpoint in missing)
                {
                    await RestorePlaceAsync(attachment.Container, endpoint.EndpointId).ConfigureAwait(false);
                }

                if (isMoved)
                {
                    // The way out may have gone with a link that is not there any more.
                    await namespaces.EnterAsync(attachment.Container, (inside, _) => NamespaceLinks.Lead(inside, attachment.Endpoints)).ConfigureAwait(false);
                }
            }
            catch (IOException e)
            {
                logger.InsideStays(attachment.Container.Abbreviated, e);
            }
        }

        Directory.Delete(NotesRoot, recursive: true);
        Directory.CreateDirectory(NotesRoot);
    }

    /// <summary>Makes pairs again whose end on the host is gone, and the other one with it.</summary>
    private async Task RestorePairsAsync()
    {
        var lost = bridges.FindLost();
        if (lost.Count == 0)
        {
            return;
        }

        foreach (var (container, attachment) in _attachments)
        {
            foreach (var endpoint in attachment.Endpoints.Where(e => e.HostLink is { } link && lost.Contains(link)))
            {
                await RestorePlaceAsync(container, endpoint.EndpointId).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Makes the link of a place again, unless the container has left it meanwhile.</summary>
    private async Task RestorePlaceAsync(ContainerId container, string id)
    {
        using var turn = await _turns.EnterAsync(container, CancellationToken.None).ConfigureAwait(false);
        if (_attachments.GetValueOrDefault(container) is not { NamespacePath: not null } attachment
            || attachment.Endpoints.FirstOrDefault(e => e.EndpointId == id) is not { } endpoint || store.Find(endpoint.NetworkId) is not { } network)
        {
            return;
        }

        var asked = containers.Describe(container) is var (_, spec) ? NetworkNames.PlaceOf(spec, endpoint) : null;
        var place = new Place(network, DriverOf(network), asked ?? new() { Network = network.Name }, endpoint);
        try
        {
            await namespaces.EnterAsync(container, (inside, handle) => Furnish(inside, handle, [place], attachment)).ConfigureAwait(false);
            logger.PlaceRestored(NameOf(container), network.Name);
        }
        catch (Exception e) when (e is IOException or ErrorException)
        {
            // Not again and again: whoever is inside may have something else in its place. The address stays the container's.
            place.Driver.RemoveLink(endpoint, () => { });
            logger.PlaceLost(NameOf(container), network.Name, e);
        }
    }

    private string NotesRoot => Path.Combine(options.RunRoot, "moves");

    /// <summary>Notes that a running container's places have changed since the agent started: the next one looks after it.</summary>
    private string NoteOf(ContainerId container) => Path.Combine(NotesRoot, container.Value);
}
