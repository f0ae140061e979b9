using Grpc.Core;
using Portal.Agent.BuildKit.Wire.Health;

namespace Portal.Agent.BuildKit.Rpc;

/// <summary>Who can ask is served.</summary>
internal sealed class HealthRpc : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
}
