using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Reads a file or folder of a volume as a tar archive.</summary>
public sealed record ReadVolumeArchive(VolumePlace Place);

internal sealed class ReadVolumeArchiveHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IQueryHandler<ReadVolumeArchive, VolumeContent>
{
    public async Task<Result<VolumeContent>> HandleAsync(ReadVolumeArchive query, Actor actor, CancellationToken ct) =>
        await command.RunAsync(actor, nameof(ReadVolumeArchive), Permission.VolumeFilesRead, await targets.VolumeAsync(query.Place.Host, query.Place.Volume, ct), query.Place.ToString(), () => volumes.ReadArchiveAsync(query.Place, ct), ct);
}
