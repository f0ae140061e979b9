using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Agent.EngineApi;

/// <summary>What every engine outside of a swarm answers to swarm requests.</summary>
internal static class SwarmEndpoints
{
    private const string NotManager =
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";

    public static void Map(RouteTable routes)
    {
        routes.Post("swarm/init", _ => throw EngineErrors.NotSupported("swarm mode is"));
        routes.Post("swarm/join", _ => throw EngineErrors.NotSupported("swarm mode is"));
        routes.Post("swarm/leave", _ => throw Unavailable("This node is not part of a swarm"));
        routes.Get("swarm", Refuse);
        routes.Get("swarm/unlockkey", Refuse);
        routes.Post("swarm/unlock", _ => throw Unavailable("This node is not part of a swarm"));
        routes.Post("swarm/update", Refuse);
        foreach (var kind in (string[])["nodes", "services", "tasks", "secrets", "configs"])
        {
            routes.Get(kind, Refuse);
            routes.Get(kind + "/{id}", Refuse);
            if (kind is "services" or "tasks")
            {
                routes.Get(kind + "/{id}/logs", Refuse);
            }

            if (kind != "tasks")
            {
                routes.Post(kind + "/{id}/update", Refuse);
                routes.Delete(kind + "/{id}", Refuse);
            }

            if (kind is "services" or "secrets" or "configs")
            {
                routes.Post(kind + "/create", Refuse);
            }
        }
    }

    private static Task Refuse(EngineRequest request) => throw Unavailable(NotManager);

    private static ErrorException Unavailable(string message) => new(ErrorKind.Unavailable, "swarm.inactive", message);
}
