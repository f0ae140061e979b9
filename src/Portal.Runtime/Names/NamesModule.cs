using Microsoft.Extensions.DependencyInjection;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Names;

/// <summary>Registers <see cref="INameServers"/>. Needs <see cref="INameDirectory"/>, <see cref="TimeProvider"/> and logging.</summary>
internal static class NamesModule
{
    public static IServiceCollection AddNames(this IServiceCollection services) => services
        .AddSingleton<NamespaceThread>()
        .AddSingleton<IUpstreams>(provider => new UpstreamSockets(provider.GetRequiredService<NamespaceThread>()))
        .AddSingleton<INameServers, NameServers>();
}
