using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Gives something in a volume another name or place there.</summary>
/// <param name="From">What it is.</param>
/// <param name="To">Its new path.</param>
/// <param name="Overwrite">It may take the place of another.</param>
public sealed record RenameVolumeFile(VolumePlace From, string To, bool Overwrite);

internal sealed class RenameVolumeFileHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IHandler<RenameVolumeFile>
{
    public async Task<Result> HandleAsync(RenameVolumeFile request, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(RenameVolumeFile), Permission.VolumeFilesWrite, await targets.VolumeAsync(request.From.Host, request.From.Volume, ct), $"{request.From} to {request.To}", () => volumes.RenameAsync(request.From, request.To, request.Overwrite, ct), ct);
}
