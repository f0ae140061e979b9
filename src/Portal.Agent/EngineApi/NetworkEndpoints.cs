using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi;

/// <summary>Networks of this host, and the containers in them.</summary>
internal sealed class NetworkEndpoints(INetworks networks, IContainers containers, PruneNews news, TimeProvider time)
{
    public void Map(RouteTable routes)
    {
        routes.Get("networks", List);
        routes.Post("networks/create", CreateAsync);
        routes.Post("networks/prune", PruneAsync);
        routes.Get("networks/{id}", Inspect);
        routes.Delete("networks/{id}", RemoveAsync);
        routes.Post("networks/{id}/connect", ConnectAsync);
        routes.Post("networks/{id}/disconnect", DisconnectAsync);
    }

    private Task List(EngineRequest request)
    {
        var filters = request.Filters("dangling", "driver", "id", "label", "name", "scope", "type");
        foreach (var type in filters.Values("type"))
        {
            if (type is not ("builtin" or "custom"))
            {
                throw EngineErrors.Invalid("api.filters", $"invalid filter: 'type'='{type}'");
            }
        }

        var dangling = filters.Boolean("dangling");
        List<NetworkResource> list =
        [
            .. networks.List()
                .Where(n => filters.Any("driver", d => d == n.Driver)
                    && filters.Any("id", id => n.Id.StartsWith(id, StringComparison.Ordinal))
                    && filters.Any("name", name => n.Name.Contains(name, StringComparison.Ordinal))
                    && filters.Any("scope", s => s == "local")
                    && filters.Any("type", t => t == "builtin" == n.IsPredefined)
                    && filters.Labels(n.Spec.Labels)
                    && (dangling is null || dangling == (!n.IsPredefined && n.Members.Count == 0)))
                .Select(n => NetworkMapping.Map(n, containers: null)),
        ];
        return request.Json(list, EngineJson.Default.ListNetworkResource);
    }

    private Task Inspect(EngineRequest request)
    {
        if (request.Query("scope") is "swarm" or "global")
        {
            throw new ErrorException(ErrorKind.NotFound, "network.not_found", $"network {request.Target} not found");
        }

        return request.Json(NetworkMapping.Map(networks.Resolve(request.Target), containers.List()), EngineJson.Default.NetworkResource);
    }

    private async Task CreateAsync(EngineRequest request)
    {
        var body = await request.ReadAsync(EngineBody.Strict.NetworkCreateRequest) ?? throw NoBody();
        var network = await networks.CreateAsync(NetworkMapping.Map(body), request.Aborted);
        await request.Json(new NetworkCreateResponse { Id = network.Id }, EngineJson.Default.NetworkCreateResponse, StatusCodes.Status201Created);
    }

    private async Task RemoveAsync(EngineRequest request)
    {
        await networks.RemoveAsync(request.Target, request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task ConnectAsync(EngineRequest request)
    {
        var body = await request.ReadAsync(EngineBody.Strict.NetworkConnectRequest) ?? throw NoBody();
        var network = networks.Resolve(request.Target);
        var container = Find(body.Container);
        await containers.ConnectAsync(container.Id, EndpointMapping.Map(network.Id, body.EndpointConfig), request.Aborted);
        await request.Empty(StatusCodes.Status200OK);
    }

    private async Task DisconnectAsync(EngineRequest request)
    {
        var body = await request.ReadAsync(EngineBody.Strict.NetworkDisconnectRequest) ?? throw NoBody();
        var network = networks.Resolve(request.Target);
        await containers.DisconnectAsync(Find(body.Container).Id, network.Id, request.Aborted);
        await request.Empty(StatusCodes.Status200OK);
    }

    private async Task PruneAsync(EngineRequest request)
    {
        var filters = request.Filters("label", "label!", "until");
        var until = filters.Values("until") is [var text, ..] ? EngineTime.ParseUntil(text, time.GetUtcNow()) : (DateTimeOffset?)null;
        var response = new NetworkPruneResponse();
        foreach (var network in networks.List())
        {
            if (network.IsPredefined || network.Spec.ConfigOnly || network.Members.Count > 0 || !filters.Labels(network.Spec.Labels) || (until is not null && network.Created >= until))
            {
                continue;
            }

            try
            {
                await networks.RemoveAsync(network.Id, request.Aborted);
                (response.NetworksDeleted ??= []).Add(network.Name);
            }
            catch (ErrorException)
            {
                // Taken into use, or removed by somebody else, since it was listed.
            }
        }

        news.Tell("network", 0);
        await request.Json(response, EngineJson.Default.NetworkPruneResponse);
    }

    private ContainerSnapshot Find(string? container) =>
        string.IsNullOrEmpty(container) ? throw EngineErrors.Invalid("container.invalid_name", "invalid name or ID supplied: \"\"") : containers.Resolve(container);

    private static ErrorException NoBody() => EngineErrors.Invalid("api.body", "invalid JSON: got EOF while reading request body");
}
