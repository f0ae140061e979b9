using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Domain;

/// <summary>The domain's public face for composition.</summary>
public static class PortalDomain
{
    /// <summary>Registers the use-case handlers. The ports they need (gateway, feeds, audit) come from the host.</summary>
    public static IServiceCollection AddPortalDomain(this IServiceCollection services) => services
        .AddSingleton<IAccessPolicy, AccessPolicy>()
        .AddScoped<ContainerCommand>()
        .AddScoped<IHandler<StartContainer>, StartContainerHandler>()
        .AddScoped<IHandler<StopContainer>, StopContainerHandler>()
        .AddScoped<IHandler<RestartContainer>, RestartContainerHandler>()
        .AddScoped<IHandler<KillContainer>, KillContainerHandler>()
        .AddScoped<IHandler<RemoveContainer>, RemoveContainerHandler>()
        .AddScoped<IQueryHandler<InspectContainer, ContainerDetails>, InspectContainerHandler>();
}
