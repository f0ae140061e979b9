using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Makes a folder in a volume.</summary>
public sealed record MakeVolumeFolder(VolumePlace Folder);

internal sealed class MakeVolumeFolderHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IHandler<MakeVolumeFolder>
{
    public async Task<Result> HandleAsync(MakeVolumeFolder request, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(MakeVolumeFolder), Permission.VolumeFilesWrite, await targets.VolumeAsync(request.Folder.Host, request.Folder.Volume, ct), request.Folder.ToString(), () => volumes.MakeFolderAsync(request.Folder, ct), ct);
}
