using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Portal.Runtime.Oci;

/// <summary>The part that knows the OCI runtime specification.</summary>
public static class OciModule
{
    /// <summary>Registers <see cref="OciHost"/> (read at first use), <see cref="OciRuntimes"/> and <see cref="OciRuntimeCommand"/>.</summary>
    public static IServiceCollection AddOci(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => OciHost.Read());
        services.TryAddSingleton(provider => new OciRuntimes(provider.GetRequiredService<IOptions<RuntimeOptions>>().Value));
        services.TryAddSingleton(provider => OciRuntimeCommand.For(provider.GetRequiredService<IOptions<RuntimeOptions>>().Value));
        return services;
    }
}
