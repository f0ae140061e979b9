using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Portal.Runtime.Cgroups;

/// <summary>The part that reads what containers use.</summary>
public static class CgroupModule
{
    /// <summary>Registers <see cref="IStatsSampler"/>, <see cref="CgroupLocator"/> and <see cref="CgroupParents"/>; needs an <see cref="IRunningContainers"/>.</summary>
    public static IServiceCollection AddCgroups(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => CgroupLocator.Read());
        services.TryAddSingleton<CgroupParents>();
        services.TryAddSingleton<IStatsSampler, StatsSampler>();
        return services;
    }
}
