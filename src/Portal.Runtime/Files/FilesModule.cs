using Microsoft.Extensions.DependencyInjection;

namespace Portal.Runtime.Files;

/// <summary>Registers work on containers' files. Needs containers, images, layers, volumes, events and a clock.</summary>
internal static class FilesModule
{
    public static IServiceCollection AddContainerFiles(this IServiceCollection services)
    {
        services.AddSingleton<ContainerRoots>();
        services.AddSingleton<LayerSizes>();
        services.AddSingleton<ContainerCommit>();
        services.AddSingleton<IContainerFiles, ContainerFiles>();
        services.AddSingleton<IDiskUsage, DiskUsage>();
        return services;
    }
}
