using Portal.Api.Adapters.Hosts;
using Portal.Api.Http;
using Portal.Api.Networks;
using Portal.Domain.Access;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>What endpoints ask of engines about networks.</summary>
internal sealed class EngineNetworks(EngineRequests engine)
{
    /// <summary>Those that the actor sees.</summary>
    public async Task<Result<IReadOnlyList<NetworkItem>>> ListAsync(Actor actor, HostId host, CancellationToken ct)
    {
        var networks = await engine.ReadAsync(actor, host, new("ListNetworks", "GET", "networks"), EngineJson.Default.ListNetworkResource, ct, []);
        return networks.Error is { } error ? error : Result.Of<IReadOnlyList<NetworkItem>>([.. networks.Value.Select(network => Item(host, network))]);
    }

    /// <summary>One of them.</summary>
    public async Task<Result<NetworkDetail>> FindAsync(Actor actor, HostId host, string id, CancellationToken ct)
    {
        var found = await engine.ReadAsync(actor, host, new("GetNetwork", "GET", "networks/" + EngineRequests.Escape(id)), EngineJson.Default.NetworkResource, ct);
        return found.Error is { } error ? error : new NetworkDetail(
            Item(host, found.Value), found.Value.Options ?? [],
            [
                .. (found.Value.Containers ?? []).OrderBy(member => member.Value.Name, StringComparer.Ordinal).Select(member => new NetworkMember(
                    member.Key, member.Value.Name, Some(member.Value.MacAddress), Some(member.Value.IPv4Address), Some(member.Value.IPv6Address))),
            ]);
    }

    /// <summary>Makes one. A name is there once.</summary>
    public async Task<Result<CreatedNetwork>> CreateAsync(Actor actor, HostId host, NewNetwork request, CancellationToken ct)
    {
        var body = new NetworkCreateRequest
        {
            Name = request.Name,
            CheckDuplicate = true,
            Driver = request.Driver,
            Internal = request.Internal,
            Attachable = request.Attachable,
            EnableIPv4 = request.Ipv4,
            EnableIPv6 = request.Ipv6,
            Options = request.Options is { } options ? new(options) : null,
            Labels = request.Labels is { } labels ? new(labels) : null,
            IPAM = request is { Subnets: null, AddressDriver: null } ? null : new()
            {
                Driver = request.AddressDriver,
                Config = [.. (request.Subnets ?? []).Select(Subnet)],
            },
        };
        var made = await engine.ReadAsync(
            actor, host, new EngineRequest("CreateNetwork", "POST", "networks/create").With(body, EngineBody.Sparse.NetworkCreateRequest), EngineJson.Default.NetworkCreateResponse, ct);
        return made.Error is { } error ? error : new CreatedNetwork(made.Value.Id, string.IsNullOrEmpty(made.Value.Warning) ? [] : [Printable.Of(made.Value.Warning, 1024)]);
    }

    /// <summary>Removes one.</summary>
    public Task<Result> RemoveAsync(Actor actor, HostId host, string id, CancellationToken ct) =>
        engine.SendAsync(actor, host, new("RemoveNetwork", "DELETE", "networks/" + EngineRequests.Escape(id)), ct);

    /// <summary>Puts a container into it.</summary>
    public Task<Result> ConnectAsync(Actor actor, HostId host, string id, ContainerId container, NetworkConnection request, CancellationToken ct) => engine.SendAsync(
        actor, host,
        new EngineRequest("ConnectContainer", "POST", $"networks/{EngineRequests.Escape(id)}/connect")
            .With(new() { Container = container.Value, EndpointConfig = ContainerBodies.Of(request) }, EngineBody.Sparse.NetworkConnectRequest), ct);

    /// <summary>Takes a container out of it.</summary>
    public Task<Result> DisconnectAsync(Actor actor, HostId host, string id, ContainerId container, bool force, CancellationToken ct) => engine.SendAsync(
        actor, host,
        new EngineRequest("DisconnectContainer", "POST", $"networks/{EngineRequests.Escape(id)}/disconnect")
            .With(new() { Container = container.Value, Force = force }, EngineBody.Sparse.NetworkDisconnectRequest), ct);

    /// <summary>Removes all that no container is in.</summary>
    public async Task<Result<Pruned>> PruneAsync(Actor actor, HostId host, string? until, string? label, CancellationToken ct)
    {
        var request = new EngineRequest("PruneNetworks", "POST", "networks/prune") { Query = EngineFilters.Query(("until", until), ("label", label)) };
        var swept = await engine.ReadAsync(actor, host, request, EngineJson.Default.NetworkPruneResponse, ct);
        return swept.Error is { } error ? error : new Pruned(swept.Value.NetworksDeleted ?? [], 0);
    }

    private static NetworkItem Item(HostId host, NetworkResource network) => new(
        host.Value, network.Id, network.Name, network.Driver, network.Scope, EngineTime.Parse(network.Created) ?? default, network.Internal, network.Attachable, network.EnableIPv6,
        [.. (network.IPAM?.Config ?? []).Select(pool => new NetworkSubnet(Some(pool.Subnet), Some(pool.Gateway), Some(pool.IPRange), pool.AuxiliaryAddresses is { Count: > 0 } reserved ? reserved : null))],
        network.Labels ?? []);

    private static NetworkIpamConfig Subnet(NetworkSubnet subnet) => new()
    {
        Subnet = subnet.Subnet, Gateway = subnet.Gateway, IPRange = subnet.IpRange, AuxiliaryAddresses = subnet.Reserved is { } reserved ? new(reserved) : null,
    };

    private static string? Some(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
