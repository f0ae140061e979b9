using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Deletes something in a volume.</summary>
/// <param name="Place">What it is.</param>
/// <param name="Recursive">A folder with everything in it.</param>
public sealed record DeleteVolumeFile(VolumePlace Place, bool Recursive);

internal sealed class DeleteVolumeFileHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IHandler<DeleteVolumeFile>
{
    public async Task<Result> HandleAsync(DeleteVolumeFile request, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(DeleteVolumeFile), Permission.VolumeFilesWrite, await targets.VolumeAsync(request.Place.Host, request.Place.Volume, ct), request.Place.ToString(), () => volumes.DeleteAsync(request.Place, request.Recursive, ct), ct);
}
