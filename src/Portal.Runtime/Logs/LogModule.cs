using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Portal.Runtime.Logs;

/// <summary>The part that reads and keeps container logs.</summary>
public static class LogModule
{
    /// <summary>Registers <see cref="LogDrivers"/>, <see cref="ContainerLogReader"/>, and what keeps the logs of every <see cref="IKeptLogs"/> small.</summary>
    public static IServiceCollection AddLogs(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<LogDrivers>();
        services.TryAddSingleton<ContainerLogReader>();
        services.TryAddSingleton<LogDisk>();
        services.TryAddSingleton<LogKeeper>();
        services.TryAddSingleton<LogCompressor>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<LogCompressor>());
        return services;
    }
}
