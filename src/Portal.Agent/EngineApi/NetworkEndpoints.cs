using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi;

/// <summary>Networks of this host. Making further ones comes later.</summary>
internal sealed class NetworkEndpoints(INetworks networks, IContainers containers, RuntimeOptions options, PruneNews news)
{
    public void Map(RouteTable routes)
    {
        routes.Get("networks", List);
        routes.Post("networks/create", _ => throw EngineErrors.NotSupported("creating networks is"));
        routes.Post("networks/prune", Prune);
        routes.Get("networks/{id}", Inspect);
        routes.Delete("networks/{id}", Remove);
        routes.Post("networks/{id}/connect", NotYet);
        routes.Post("networks/{id}/disconnect", NotYet);
    }

    private Task Prune(EngineRequest request)
    {
        news.Tell("network", 0);
        return request.Json(new NetworkPruneResponse(), EngineJson.Default.NetworkPruneResponse);
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
                    && filters.Any("type", t => t == "builtin" == IsPredefined(n))
                    && filters.Labels(new Dictionary<string, string>())
                    && (dangling is null || dangling == (!IsPredefined(n) && n.Endpoints.Count == 0)))
                .Select(n => NetworkMapping.Map(n, containers: null, options.BridgeName)),
        ];
        return request.Json(list, EngineJson.Default.ListNetworkResource);
    }

    private Task Inspect(EngineRequest request)
    {
        if (request.Query("scope") is "swarm" or "global")
        {
            throw new ErrorException(ErrorKind.NotFound, "network.not_found", $"network {request.Target} not found");
        }

        return request.Json(NetworkMapping.Map(networks.Resolve(request.Target), containers.List(), options.BridgeName), EngineJson.Default.NetworkResource);
    }

    private Task Remove(EngineRequest request)
    {
        var network = networks.Resolve(request.Target);
        throw IsPredefined(network)
            ? new ErrorException(ErrorKind.Forbidden, "network.predefined", $"{network.Name} is a pre-defined network and cannot be removed")
            : EngineErrors.NotSupported("removing networks is");
    }

    private Task NotYet(EngineRequest request)
    {
        _ = networks.Resolve(request.Target);
        throw EngineErrors.NotSupported("connecting containers to further networks is");
    }

    private static bool IsPredefined(NetworkSnapshot network) => network.Name is "bridge" or "host" or "none";
}
