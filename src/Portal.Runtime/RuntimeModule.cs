using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Portal.Runtime.AppArmor;
using Portal.Runtime.Builds;
using Portal.Runtime.Cdi;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Exec;
using Portal.Runtime.Files;
using Portal.Runtime.Health;
using Portal.Runtime.Images;
using Portal.Runtime.Logs;
using Portal.Runtime.Mounts;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.Registries;
using Portal.Runtime.Supervision;
using Portal.Runtime.Volumes;

namespace Portal.Runtime;

/// <summary>The container runtime of one host, as one registration.</summary>
public static class RuntimeModule
{
    /// <summary>How many threads the making and taking down of containers keeps waiting for kernel and disk at most.</summary>
    public static int BlockedThreads { get; } = Math.Max(4, 2 * Environment.ProcessorCount);

    /// <summary>
    /// Registers <see cref="IContainers"/>, <see cref="IExecs"/>, <see cref="IImages"/>, <see cref="IRegistries"/>, <see cref="INetworks"/>, <see cref="IVolumes"/>, <see cref="IVolumeFiles"/>, <see cref="IVolumeBackups"/>,
    /// <see cref="IRuntimeEvents"/>, <see cref="IRuntimeInfo"/>, <see cref="IStatsSampler"/>, <see cref="IContainerFiles"/>, <see cref="IDiskUsage"/>, and
    /// the hosted service that adopts running containers; register
    /// it before what serves requests. Needs logging.
    /// </summary>
    public static IServiceCollection AddContainerRuntime(this IServiceCollection services, RuntimeOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddHostedService<RuntimeHost>();
        services.AddSingleton(options);
        services.AddSingleton(Options.Create(options));
        services.AddImages();
        services.AddRegistries();
        services.AddNetworks();
        services.AddOci();
        services.AddLogs();
        services.AddCgroups();
        services.AddSingleton<IRuntimeEvents, RuntimeEvents>();
        services.AddSingleton<ContainerStore>();
        services.AddSingleton<IImageUsage>(provider => provider.GetRequiredService<ContainerStore>());
        services.AddSingleton<IRunningContainers>(provider => provider.GetRequiredService<ContainerStore>());
        services.AddSingleton<IContainerNames>(provider => provider.GetRequiredService<ContainerStore>());
        services.AddSingleton<NetworkPlaces>();
        services.AddSingleton<IKeptLogs, KeptContainerLogs>();
        services.AddSingleton<VolumeMounts>();
        services.AddSingleton<LocalVolumes>();
        services.AddSingleton<IVolumes>(provider => provider.GetRequiredService<LocalVolumes>());
        services.AddSingleton<IVolumeFiles, VolumeFiles>();
        services.AddSingleton<QuietContainers>();
        services.AddSingleton<IVolumeBackups, VolumeBackups>();
        services.AddSingleton<SeccompFilters>();
        services.AddSingleton<OciRuntime>();
        services.AddSingleton<Conmon>();
        services.AddSingleton<PreparedMounts>();
        services.AddSingleton<IPreparedMounts>(provider => provider.GetRequiredService<PreparedMounts>());
        services.AddSingleton<MountResolution>();
        services.AddSingleton<AppArmorHost>();
        services.AddSingleton<HelperVersions>();
        services.AddSingleton<CdiRegistry>();
        services.AddSingleton<CdiInjection>();
        services.AddSingleton<IRuntimeInfo, HostRuntimeInfo>();
        services.AddSingleton<SharedMemory>();
        services.AddSingleton<NamespaceDonors>();
        services.AddSingleton<ContainerSetup>();
        services.AddSingleton<ContainerCreation>();
        services.AddSingleton<OomWatch>();
        services.AddSingleton<ContainerUpdating>();
        services.AddSingleton<ContainerChanges>();
        services.AddSingleton<RunCare>();
        services.AddSingleton(provider => new StartQueue(Math.Max(2, Environment.ProcessorCount), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(new WorkSlots(BlockedThreads, TimeSpan.FromSeconds(10)));
        services.AddSingleton<ContainerLifecycle>();
        services.AddSingleton<IContainers>(provider => provider.GetRequiredService<ContainerLifecycle>());
        services.AddSingleton<ContainerExecs>();
        services.AddSingleton<IExecs>(provider => provider.GetRequiredService<ContainerExecs>());
        services.AddSingleton<IProbes, ExecProbes>();
        services.AddSingleton<HealthSupervisor>();
        services.AddContainerFiles();
        services.AddBuilds();
        services.AddBuildContexts();
        return services;
    }
}
