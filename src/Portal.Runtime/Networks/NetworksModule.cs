using Microsoft.Extensions.DependencyInjection;
using Portal.Runtime.Names;

namespace Portal.Runtime.Networks;

/// <summary>Registers <see cref="INetworks"/>. Needs <see cref="RuntimeOptions"/>, <see cref="TimeProvider"/> and logging.</summary>
internal static class NetworksModule
{
    public static IServiceCollection AddNetworks(this IServiceCollection services) => services
        .AddSingleton<NetworkStore>()
        .AddSingleton<NetworkNamespaces>()
        .AddSingleton<HostLinks>()
        .AddSingleton<AddressBook>()
        .AddSingleton<PublishedPorts>()
        .AddSingleton<FlowReaper>()
        .AddSingleton<Firewall>()
        .AddSingleton<LinkReaper>()
        .AddSingleton<BridgeDriver>()
        .AddSingleton<NetworkWatch>()
        .AddSingleton<HostNetworks>()
        .AddSingleton<INetworks>(provider => provider.GetRequiredService<HostNetworks>())
        .AddSingleton<INameDirectory, NetworkNames>()
        .AddNames();
}
