using Portal.Agent.BuildKit.Rpc;
using Portal.Agent.BuildKit.Sessions;
using Portal.Agent.BuildKit.Solving;
using Portal.Agent.BuildKit.Transport;

namespace Portal.Agent.BuildKit;

internal static class BuildKitModule
{
    /// <summary>Registers BuildKit's protocol as a front end of the builder. Nothing of it is made before a client comes.</summary>
    public static IServiceCollection AddBuildKit(this IServiceCollection services) => services
        .AddSingleton<ClientSessions>()
        .AddSingleton<BuildJobs>()
        .AddSingleton<Exports>()
        .AddSingleton<Solver>()
        .AddSingleton<ControlRpc>()
        .AddSingleton<BridgeRpc>()
        .AddSingleton<GrpcServer>()
        .AddSingleton<BuildKitEndpoints>();
}
