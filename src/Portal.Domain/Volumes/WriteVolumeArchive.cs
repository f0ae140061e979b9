using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Unpacks a tar archive into a folder of a volume.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Archive">The archive, plain or packed.</param>
/// <param name="Overwrite">Its files may take the place of others.</param>
public sealed record WriteVolumeArchive(VolumePlace Folder, Stream Archive, bool Overwrite);

internal sealed class WriteVolumeArchiveHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IHandler<WriteVolumeArchive>
{
    public async Task<Result> HandleAsync(WriteVolumeArchive request, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(WriteVolumeArchive), Permission.VolumeFilesWrite, await targets.VolumeAsync(request.Folder.Host, request.Folder.Volume, ct), request.Folder.ToString(), () => volumes.WriteArchiveAsync(request.Folder, request.Archive, request.Overwrite, ct), ct);
}
