using Portal.Agent.EngineApi;
using Portal.Agent.EngineApi.Mapping;
using Portal.Agent.Node;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Cgroups;

namespace Portal.Agent.ControlApi;

/// <summary>What Portal needs of a host beyond the Engine API.</summary>
internal sealed class ControlEndpoints(NodeIdentity node, IStatsSampler sampler)
{
    public void Map(RouteTable routes)
    {
        routes.Get("control/v1/host", Host);
        routes.Get("control/v1/stats", StatsAsync);
    }

    private Task Host(EngineRequest request) => request.Json(
        new ControlHost { AgentVersion = AgentVersion.Number, HostId = node.Id, Hostname = Environment.MachineName, StartedAt = EngineTime.Format(node.StartedAt) },
        EngineJson.Default.ControlHost);

    private async Task StatsAsync(EngineRequest request)
    {
        var ct = request.Streaming;
        using var lines = await request.StartLinesAsync();
        await foreach (var batch in sampler.FollowAsync(ct))
        {
            await lines.WriteAsync(StatsMapping.Map(batch), EngineJson.Default.ControlStatsBatch, ct);
        }
    }
}
