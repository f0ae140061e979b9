using Portal.Agent.BuildKit;
using Portal.Agent.ControlApi;

namespace Portal.Agent.EngineApi;

/// <summary>The Engine API and the Control API as one request handler.</summary>
internal static class EngineModule
{
    /// <summary>Registers the endpoints. The runtime's faces, the node's identity and facts are registered by others.</summary>
    public static IServiceCollection AddEngineApi(this IServiceCollection services) => services
        .AddSingleton<SystemEndpoints>()
        .AddSingleton<ContainerEndpoints>()
        .AddSingleton<ContainerStreamEndpoints>()
        .AddSingleton<TopEndpoints>()
        .AddSingleton<AttachEndpoints>()
        .AddSingleton<PruneNews>()
        .AddSingleton<StatsEndpoints>()
        .AddSingleton<ExecEndpoints>()
        .AddSingleton<ArchiveEndpoints>()
        .AddSingleton<CommitEndpoints>()
        .AddSingleton<ImageEndpoints>()
        .AddSingleton<BuildEndpoints>()
        .AddSingleton<SessionBuilds>()
        .AddSingleton<RegistryEndpoints>()
        .AddSingleton<NetworkEndpoints>()
        .AddSingleton<VolumeEndpoints>()
        .AddSingleton<DiskUsageEndpoints>()
        .AddSingleton<ControlEndpoints>()
        .AddSingleton<VolumeControlEndpoints>()
        .AddBuildKit()
        .AddSingleton(Routes)
        .AddSingleton<EngineDispatcher>();

    /// <summary>Every request goes to the dispatcher.</summary>
    public static void UseEngineApi(this WebApplication app)
    {
        // The handshake is ASP.NET's; requests of the raw kind of upgrade have nothing to do with it.
        app.UseWhen(http => http.Request.Headers.Upgrade.Contains("websocket", StringComparer.OrdinalIgnoreCase), sockets => sockets.UseWebSockets());
        app.Run(app.Services.GetRequiredService<EngineDispatcher>().DispatchAsync);
    }

    private static RouteTable Routes(IServiceProvider services)
    {
        var routes = new RouteTable();
        services.GetRequiredService<BuildKitEndpoints>().Map(routes);
        services.GetRequiredService<SystemEndpoints>().Map(routes);
        services.GetRequiredService<ContainerEndpoints>().Map(routes);
        services.GetRequiredService<ContainerStreamEndpoints>().Map(routes);
        services.GetRequiredService<TopEndpoints>().Map(routes);
        services.GetRequiredService<AttachEndpoints>().Map(routes);
        services.GetRequiredService<StatsEndpoints>().Map(routes);
        services.GetRequiredService<ExecEndpoints>().Map(routes);
        services.GetRequiredService<ArchiveEndpoints>().Map(routes);
        services.GetRequiredService<CommitEndpoints>().Map(routes);
        services.GetRequiredService<ImageEndpoints>().Map(routes);
        services.GetRequiredService<BuildEndpoints>().Map(routes);
        services.GetRequiredService<RegistryEndpoints>().Map(routes);
        services.GetRequiredService<NetworkEndpoints>().Map(routes);
        services.GetRequiredService<VolumeEndpoints>().Map(routes);
        services.GetRequiredService<DiskUsageEndpoints>().Map(routes);
        services.GetRequiredService<ControlEndpoints>().Map(routes);
        services.GetRequiredService<VolumeControlEndpoints>().Map(routes);
        SwarmEndpoints.Map(routes);
        return routes;
    }
}
