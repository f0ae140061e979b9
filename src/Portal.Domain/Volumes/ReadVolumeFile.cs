using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Reads a file of a volume.</summary>
/// <param name="Place">The file.</param>
/// <param name="Head">Only so many bytes of its beginning; null for all.</param>
public sealed record ReadVolumeFile(VolumePlace Place, long? Head);

/// <summary>What was read by whom is recorded: volumes hold what is secret.</summary>
internal sealed class ReadVolumeFileHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IQueryHandler<ReadVolumeFile, VolumeContent>
{
    public async Task<Result<VolumeContent>> HandleAsync(ReadVolumeFile query, Actor actor, CancellationToken ct) =>
        await command.RunAsync(actor, nameof(ReadVolumeFile), Permission.VolumeFilesRead, await targets.VolumeAsync(query.Place.Host, query.Place.Volume, ct), query.Place.ToString(), () => volumes.ReadAsync(query.Place, query.Head, ct), ct);
}
