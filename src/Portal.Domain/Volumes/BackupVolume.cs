using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Reads a whole volume as an archive that <see cref="RestoreVolume"/> takes.</summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Volume">Its name.</param>
/// <param name="Quiet">What its containers do meanwhile.</param>
public sealed record BackupVolume(HostId Host, string Volume, VolumeQuiet Quiet);

internal sealed class BackupVolumeHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IQueryHandler<BackupVolume, VolumeContent>
{
    public async Task<Result<VolumeContent>> HandleAsync(BackupVolume query, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(BackupVolume), Permission.VolumeBackup, await targets.VolumeAsync(query.Host, query.Volume, ct), $"{query.Host}/{query.Volume}", () => volumes.BackupAsync(query.Host, query.Volume, query.Quiet, ct), ct);
}
