using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;

namespace Portal.Agent.EngineApi;

/// <summary>The processes of a container.</summary>
internal sealed class TopEndpoints(IContainers containers, IRuntimeEvents events, TimeProvider time)
{
    public void Map(RouteTable routes) => routes.Get("containers/{id}/top", TopAsync);

    private async Task TopAsync(EngineRequest request)
    {
        var container = containers.Resolve(request.Target);
        if (!container.Status.IsRunning)
        {
            throw new ErrorException(ErrorKind.Conflict, "container.not_running", $"container {container.Id.Value} is not running");
        }

        var table = await ProcessTable.ReadAsync(container.Status.Pid, request.Query("ps_args") ?? "-ef", request.Aborted);
        events.Publish(ContainerEvent.Of(container, "top", time.GetUtcNow()));
        await request.Json(table, EngineJson.Default.ContainerTopResponse);
    }
}
