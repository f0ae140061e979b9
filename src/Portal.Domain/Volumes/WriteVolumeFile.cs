using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Makes a file in a volume, wholly or not at all.</summary>
/// <param name="Place">The file.</param>
/// <param name="Content">What is in it.</param>
/// <param name="Overwrite">It may take the place of another.</param>
public sealed record WriteVolumeFile(VolumePlace Place, Stream Content, bool Overwrite);

internal sealed class WriteVolumeFileHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IHandler<WriteVolumeFile>
{
    public async Task<Result> HandleAsync(WriteVolumeFile request, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(WriteVolumeFile), Permission.VolumeFilesWrite, await targets.VolumeAsync(request.Place.Host, request.Place.Volume, ct), request.Place.ToString(), () => volumes.WriteAsync(request.Place, request.Content, request.Overwrite, ct), ct);
}
