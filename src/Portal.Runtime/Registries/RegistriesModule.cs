using Microsoft.Extensions.DependencyInjection;
using Portal.Runtime.Images;

namespace Portal.Runtime.Registries;

/// <summary>Registers what speaks with registries. Needs the image store and a clock.</summary>
internal static class RegistriesModule
{
    public static IServiceCollection AddRegistries(this IServiceCollection services)
    {
        services.AddSingleton(s => s.GetRequiredService<RuntimeOptions>().Registries);
        services.AddSingleton<IRegistryTransport, RegistryTransport>();
        services.AddSingleton<RegistryTokens>();
        services.AddSingleton<BlobDownloads>();
        services.AddSingleton<PackedLayers>();
        services.AddSingleton<ImagePuller>();
        services.AddSingleton<ImagePusher>();
        services.AddSingleton<IRegistries, RemoteRegistries>();
        return services;
    }
}
