using Microsoft.Extensions.DependencyInjection;
using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Builds.Contexts;
using Portal.Runtime.Builds.Fetching;
using Portal.Runtime.Builds.Running;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Builds;

/// <summary>Registers the builder. Needs the image and container stores, and a clock.</summary>
internal static class BuildsModule
{
    public static IServiceCollection AddBuilds(this IServiceCollection services)
    {
        services.AddSingleton<BuildCache>();
        services.AddSingleton<IRetainedContent>(s => s.GetRequiredService<BuildCache>());
        services.AddSingleton<CacheMounts>();
        services.AddSingleton<CacheTrimming>();
        services.AddSingleton<RunStep>();
        services.AddSingleton(s => new OutboundPolicy(s.GetRequiredService<RuntimeOptions>().FetchAllowed));
        services.AddSingleton<HttpFetch>();
        services.AddSingleton<GitFetch>();
        services.AddSingleton(s => new BuildServices(
            s.GetRequiredService<RuntimeOptions>(), s.GetRequiredService<ImageStore>(), s.GetRequiredService<ILayerStore>(), s.GetRequiredService<RunStep>(), s.GetRequiredService<BuildCache>(),
            s.GetRequiredService<CacheMounts>(), s.GetRequiredService<HttpFetch>(), s.GetRequiredService<GitFetch>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<IRegistries>()));
        services.AddSingleton<IBuilder, Builder>();
        services.AddSingleton<IBuildContexts, BuildContexts>();
        return services;
    }
}
