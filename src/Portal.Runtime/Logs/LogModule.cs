using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Portal.Runtime.Logs;

/// <summary>The part that reads and keeps container logs.</summary>
public static class LogModule
{
    /// <summary>Registers <see cref="ContainerLogReader"/>.</summary>
    public static IServiceCollection AddLogs(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ContainerLogReader>();
        return services;
    }
}
