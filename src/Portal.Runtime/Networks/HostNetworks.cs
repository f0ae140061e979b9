using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>The networks of this host. Safe for concurrent use; calls for one container must not overlap.</summary>
internal sealed class HostNetworks(NetworkStore store, NetworkNamespaces namespaces, BridgeDriver bridge, NetworkWatch watch, ILogger<HostNetworks> logger) : INetworks
{
    private readonly ConcurrentDictionary<ContainerId, NetworkAttachment> _attachments = [];
    private readonly INetworkDriver[] _drivers = [bridge, new HostDriver(), new NullDriver(namespaces)];
    private volatile bool _isReady;

    public IReadOnlyList<NetworkSnapshot> List() => [.. store.All.Select(Snapshot)];

    public NetworkSnapshot Resolve(string reference) => Snapshot(Find(reference));

    public async Task<NetworkAttachment> AttachAsync(AttachmentRequest request, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (!_isReady)
        {
            throw new ErrorException(ErrorKind.Unavailable, "network.not_ready", "The networks of this host are not set up.");
        }

        // What an earlier, broken start left would be in the way.
        await DetachAsync(request.Container, ct).ConfigureAwait(false);
        var network = Find(request.NetworkMode is "" or "default" ? "bridge" : request.NetworkMode);
        try
        {
            var attachment = await DriverOf(network.Driver).ConnectAsync(network, request).ConfigureAwait(false);
            _attachments[request.Container] = attachment;
            return attachment;
        }
        catch (IOException e)
        {
            throw new ErrorException(ErrorKind.Internal, "network.setup_failed", $"failed to set up container networking: {e.Message}", e);
        }
    }

    public Task DetachAsync(ContainerId container, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return _attachments.TryGetValue(container, out var attachment) ? Task.Run(() => Detach(attachment), CancellationToken.None) : Task.CompletedTask;
    }

    public Task RestoreAsync(IReadOnlyList<NetworkAttachment> live, CancellationToken ct) => Task.Run(() =>
    {
        store.Load();
        namespaces.Prepare();
        bridge.Restore([.. live.Where(a => a.Address is not null)]);
        var swept = namespaces.Sweep(live.Select(a => a.Container).ToHashSet());
        if (swept > 0)
        {
            logger.NamespacesSwept(swept);
        }

        foreach (var attachment in live)
        {
            _attachments[attachment.Container] = attachment;
        }

        _isReady = true;
        watch.Start(bridge.Repair);
        logger.NetworksReady(bridge.LinkName, bridge.Subnet.ToString(), live.Count);
    }, ct);

    public Task TearDownAsync(CancellationToken ct) => Task.Run(() =>
    {
        _isReady = false;
        watch.Stop();
        foreach (var attachment in _attachments.Values)
        {
            Detach(attachment);
        }

        bridge.TearDown();
        namespaces.TearDown();
    }, ct);

    private void Detach(NetworkAttachment attachment)
    {
        var driver = attachment.Address is not null ? BridgeDriver.DriverName
            : attachment.NamespacePath is not null ? NullDriver.DriverName
            : HostDriver.DriverName;
        DriverOf(driver).Disconnect(attachment);
        // Last: a detach that failed half way can be called again.
        _attachments.TryRemove(attachment.Container, out _);
    }

    private NetworkRecord Find(string reference)
    {
        var all = store.All;
        var found = all.FirstOrDefault(n => n.Name == reference) ?? all.FirstOrDefault(n => n.Id == reference);
        if (found is not null || reference.Length == 0)
        {
            return found ?? throw NotFound(reference);
        }

        var byPrefix = all.Where(n => n.Id.StartsWith(reference, StringComparison.Ordinal)).Take(2).ToList();
        return byPrefix.Count switch
        {
            1 => byPrefix[0],
            0 => throw NotFound(reference),
            _ => throw new ErrorException(ErrorKind.Invalid, "network.ambiguous", $"network {reference} is ambiguous (2 matches found on name)"),
        };
    }

    private static ErrorException NotFound(string reference) =>
        new(ErrorKind.NotFound, "network.not_found", $"network {reference} not found");

    private INetworkDriver DriverOf(string name) => _drivers.First(d => d.Name == name);

    private NetworkSnapshot Snapshot(NetworkRecord network)
    {
        var isBridge = network.Driver == BridgeDriver.DriverName;
        return new(network.Id, network.Name, network.Driver, network.Created, isBridge ? bridge.Subnet.ToString() : null,
            isBridge ? bridge.Subnet.Gateway : null, [.. _attachments.Values.Where(a => a.NetworkId == network.Id)]);
    }
}
