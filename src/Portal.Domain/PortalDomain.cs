using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Domain;

/// <summary>The domain's public face for composition.</summary>
public static class PortalDomain
{
    /// <summary>Registers the use-case handlers. The ports they need (gateway, feeds, audit), and commands on containers, come from the host.</summary>
    public static IServiceCollection AddPortalDomain(this IServiceCollection services) => services
        .AddSingleton<IAccessPolicy, AccessPolicy>()
        .AddSingleton<IChangeAccess, ChangeAccess>()
        .AddScoped<HostCommand>()
        .AddScoped<IQueryHandler<InspectContainer, ContainerDetails>, InspectContainerHandler>()
        .AddScoped<IQueryHandler<ListVolumeFiles, VolumeFolderView>, ListVolumeFilesHandler>()
        .AddScoped<IQueryHandler<ListVolumeWork, IReadOnlyList<VolumeWorkView>>, ListVolumeWorkHandler>()
        .AddScoped<IQueryHandler<ReadVolumeFile, VolumeContent>, ReadVolumeFileHandler>()
        .AddScoped<IQueryHandler<ReadVolumeArchive, VolumeContent>, ReadVolumeArchiveHandler>()
        .AddScoped<IQueryHandler<BackupVolume, VolumeContent>, BackupVolumeHandler>()
        .AddScoped<IHandler<WriteVolumeFile>, WriteVolumeFileHandler>()
        .AddScoped<IHandler<WriteVolumeArchive>, WriteVolumeArchiveHandler>()
        .AddScoped<IHandler<MakeVolumeFolder>, MakeVolumeFolderHandler>()
        .AddScoped<IHandler<RenameVolumeFile>, RenameVolumeFileHandler>()
        .AddScoped<IHandler<DeleteVolumeFile>, DeleteVolumeFileHandler>()
        .AddScoped<IHandler<RestoreVolume>, RestoreVolumeHandler>()
        .AddScoped<IHandler<CopyVolume>, CopyVolumeHandler>();
}
