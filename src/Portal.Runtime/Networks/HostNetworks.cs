using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Events;
using Portal.Runtime.Layers;

namespace Portal.Runtime.Networks;

/// <summary>The networks of this host. Safe for concurrent use; calls for one container must not overlap.</summary>
internal sealed partial class HostNetworks(
    NetworkStore store, NetworkNamespaces namespaces, BridgeDriver bridges, HostLinks links, AddressBook addresses, PublishedPorts ports, Firewall firewall,
    NetworkWatch watch, IContainerNames containers, IRuntimeEvents events, RuntimeOptions options, TimeProvider time, ILogger<HostNetworks> logger) : INetworks
{
    // Which networks there are, and who is in which.
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<ContainerId, NetworkAttachment> _attachments = [];
    private readonly INetworkDriver[] _drivers =
        [bridges, new MacvlanDriver(MacvlanDriver.MacvlanName, links), new MacvlanDriver(MacvlanDriver.IpvlanName, links), new HostDriver(), new NullDriver()];

    // Whoever changes the places of a container: the container, or the repair.
    private readonly KeyedLock<ContainerId> _turns = new();

    private volatile bool _isReady;

    /// <summary>Where containers are now.</summary>
    internal IEnumerable<NetworkAttachment> Attachments => _attachments.Select(a => a.Value);

    public IReadOnlyList<NetworkSnapshot> List() => [.. store.All.Select(Snapshot)];

    public NetworkSnapshot Resolve(string reference) => Snapshot(Find(reference));

    /// <summary>Where a container is now; null when it is nowhere.</summary>
    internal NetworkAttachment? AttachmentOf(ContainerId container) => _attachments.GetValueOrDefault(container);

    public Task<NetworkSnapshot> CreateAsync(NetworkSpec spec, CancellationToken ct) => Task.Run(() =>
    {
        DemandReady();
        lock (_gate)
        {
            var network = Create(spec);
            Publish("create", network);
            return Snapshot(network);
        }
    }, ct);

    public Task RemoveAsync(string reference, CancellationToken ct) => Task.Run(() =>
    {
        DemandReady();
        lock (_gate)
        {
            var network = Find(reference);
            if (network.IsPredefined)
            {
                throw NetworkErrors.Forbidden("predefined", $"{network.Name} is a pre-defined network and cannot be removed");
            }

            if (network.Spec.ConfigOnly && store.All.Any(n => n.Spec.ConfigFrom == network.Name))
            {
                throw NetworkErrors.Forbidden("in_use", $"configuration network \"{network.Name}\" is in use");
            }

            var members = Members(network).ToList();
            if (members.Count > 0)
            {
                var named = members.Select(m => $"name:\"{containers.Describe(m.Container)?.Name ?? m.Container.Abbreviated}\" id:\"{m.Endpoint.EndpointId[..12]}\"");
                throw NetworkErrors.Forbidden("in_use", $"error while removing network: network {network.Name} has active endpoints ({string.Join(", ", named)})");
            }

            // The record goes last: what is cut short before that is a network that is wholly there after the next start.
            DriverOf(network).Remove(network);
            store.Remove(network);
            addresses.Remove(network.Id);
            firewall.Change(BridgeRules());
            Publish("destroy", network);
        }
    }, ct);

    public Task RestoreAsync(IReadOnlyList<NetworkAttachment> live, CancellationToken ct) => Task.Run(async () =>
    {
        store.Load();
        namespaces.Prepare();
        Directory.CreateDirectory(NotesRoot);
        foreach (var network in store.All.Where(n => !n.Spec.ConfigOnly))
        {
            addresses.Add(network);
        }

        RestoreLinks();
        var endpoints = live.SelectMany(a => a.Endpoints).ToList();
        bridges.Gather(endpoints);
        var swept = bridges.Sweep(store.All, endpoints.Select(e => e.HostLink).OfType<string>().ToHashSet(StringComparer.Ordinal));
        if (swept > 0)
        {
            logger.LinksSwept(swept);
        }

        if (namespaces.Sweep(live.Select(a => a.Container).ToHashSet()) is > 0 and var count)
        {
            logger.NamespacesSwept(count);
        }

        foreach (var attachment in live)
        {
            Adopt(attachment);
        }

        await RestoreInsideAsync(live).ConfigureAwait(false);
        firewall.Reset(BridgeRules(), live.SelectMany(a => a.Rules()));
        _isReady = true;
        watch.Start(Repair);
        logger.NetworksReady(options.BridgeName, options.BridgeSubnet, store.All.Count, live.Count);
    }, ct);

    public Task TearDownAsync(CancellationToken ct) => Task.Run(() =>
    {
        _isReady = false;
        watch.Stop();
        foreach (var attachment in _attachments.Values)
        {
            Detach(attachment.Container);
        }

        firewall.TearDown();
        foreach (var network in store.All)
        {
            DriverOf(network).Remove(network);
        }

        namespaces.TearDown();
    }, ct);

    private NetworkRecord Create(NetworkSpec spec)
    {
        CheckName(spec.Name);
        spec = NetworkConfiguration.Apply(spec, store.All);
        if (spec.ConfigOnly)
        {
            AddressPlan.Check(spec);
            NetworkRecord configuration = new(NetworkStore.NewId(), time.GetUtcNow(), spec);
            store.Add(configuration);
            return configuration;
        }

        var driver = Array.Find(_drivers, d => d.Name == spec.Driver) ?? throw (spec.Driver == "overlay"
            ? new ErrorException(
                ErrorKind.Unavailable, "network.no_swarm",
                "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.")
            : new ErrorException(ErrorKind.NotFound, "network.no_driver", $"could not find plugin {spec.Driver} in v1 plugin registry: plugin not found"));
        if (!spec.EnableIPv4 && !spec.EnableIPv6)
        {
            throw NetworkErrors.Invalid("IPv4 or IPv6 must be enabled");
        }

        if (spec.EnableIPv6 && !HostLinks.HasIPv6)
        {
            throw NetworkErrors.Invalid("this kernel has no IPv6");
        }

        var id = NetworkStore.NewId();
        // The pools are not checked yet, and nothing that matters here is in them.
        var traits = driver.Read(id, spec with { Pools = [] });
        var owns = driver.Check(id, spec, store.All);
        var taken = store.All.Where(n => !n.Spec.ConfigOnly).SelectMany(n => n.Spec.Pools).Select(p => Subnet.Parse(p.Subnet)).ToList();
        var defaults = options.DefaultPools.Count > 0 ? options.DefaultPools : DefaultPool.Docker;
        var plan = new AddressPlan([.. defaults, AddressPlan.Unique(store.All.First(n => n.Name == "bridge").Id)], taken, HostLinks.ReadRoutes());
        var record = new NetworkRecord(id, time.GetUtcNow(), spec with { Pools = plan.Complete(spec, traits.NeedsGateway, traits.HostLink) }, owns);

        // The record goes first: what is cut short after that is a network that is wholly there after the next start.
        store.Add(record);
        try
        {
            addresses.Add(record);
            driver.Ensure([record]);
            firewall.Change(BridgeRules());
            return record;
        }
        catch (Exception e)
        {
            addresses.Remove(id);
            store.Remove(record);
            driver.Remove(record);
            throw e is IOException ? new ErrorException(ErrorKind.Internal, "network.setup_failed", $"failed to set up network {spec.Name}: {e.Message}", e) : e;
        }
    }

    private void CheckName(string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > 255 || name.Any(char.IsControl))
        {
            throw NetworkErrors.Invalid(string.IsNullOrWhiteSpace(name) ? "invalid name: name is empty" : $"invalid name: {name}");
        }

        if (NetworkStore.IsPredefined(name) || name is "default" or "container" || name.StartsWith("container:", StringComparison.Ordinal))
        {
            throw NetworkErrors.Forbidden("predefined", $"operation is not permitted on predefined {name} network");
        }

        if (store.All.Any(n => n.Name == name))
        {
            throw new ErrorException(ErrorKind.Conflict, "network.name_taken", $"network with name {name} already exists");
        }
    }

    private List<BridgeRules> BridgeRules() => [.. store.All.Select(n => DriverOf(n).Read(n.Id, n.Spec).Rules).OfType<BridgeRules>()];

    private IEnumerable<NetworkMember> Members(NetworkRecord network) => _attachments.Values
        .SelectMany(a => a.Endpoints.Where(e => e.NetworkId == network.Id).Select(e => new NetworkMember(a.Container, e)));

    private NetworkRecord Find(string reference)
    {
        var all = store.All;
        var found = all.FirstOrDefault(n => n.Name == reference) ?? all.FirstOrDefault(n => n.Id == reference);
        if (found is not null || reference.Length == 0)
        {
            return found ?? throw NetworkErrors.NotFound(reference);
        }

        var byPrefix = all.Where(n => n.Id.StartsWith(reference, StringComparison.Ordinal)).Take(2).ToList();
        return byPrefix.Count switch
        {
            1 => byPrefix[0],
            0 => throw NetworkErrors.NotFound(reference),
            _ => throw new ErrorException(ErrorKind.Invalid, "network.ambiguous", $"network {reference} is ambiguous (2 matches found on name)"),
        };
    }

    private void DemandReady()
    {
        if (!_isReady)
        {
            throw new ErrorException(ErrorKind.Unavailable, "network.not_ready", "The networks of this host are not set up.");
        }
    }

    private void Publish(string action, NetworkRecord network) => events.Publish(new(
        "network", action, network.Id, new Dictionary<string, string> { ["name"] = network.Name, ["type"] = network.Driver }, time.GetUtcNow()));

    private string NameOf(ContainerId container) => containers.Describe(container)?.Name ?? container.Abbreviated;

    private INetworkDriver DriverOf(NetworkRecord network) => DriverOf(network.Driver);

    private INetworkDriver DriverOf(string name) => Array.Find(_drivers, d => d.Name == name)
        ?? throw new ErrorException(ErrorKind.Internal, "network.no_driver", $"network driver {name} is not known");

    private NetworkSnapshot Snapshot(NetworkRecord network) => new(network.Id, network.Created, network.Spec, [.. Members(network)]);
}
