using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Portal.Runtime.Logs;

/// <summary>The part that reads and keeps container logs.</summary>
public static class LogModule
{
    /// <summary>Registers <see cref="ContainerLogReader"/>, and the rotation of every <see cref="IOpenLogs"/> that is registered.</summary>
    public static IServiceCollection AddLogs(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ContainerLogReader>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, LogRotator>());
        return services;
    }
}
