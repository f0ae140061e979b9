using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>
/// Copies a volume to another host, or to another name. Engines do not reach each other: what one gives is what the other gets,
/// as fast as the slower of them. When it breaks off nothing is left, and it can be asked for again.
/// </summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Volume">Its name.</param>
/// <param name="Quiet">What its containers do meanwhile.</param>
/// <param name="TargetHost">The host it is copied to.</param>
/// <param name="TargetVolume">Its name there: a new or an empty volume.</param>
public sealed record CopyVolume(HostId Host, string Volume, VolumeQuiet Quiet, HostId TargetHost, string TargetVolume);

internal sealed class CopyVolumeHandler(HostCommand command, IAccessPolicy access, IAccessTargets targets, IVolumeGateway volumes) : IHandler<CopyVolume>
{
    public async Task<Result> HandleAsync(CopyVolume request, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(CopyVolume), Permission.VolumeBackup, await targets.VolumeAsync(request.Host, request.Volume, ct), $"{request.Host}/{request.Volume} to {request.TargetHost}/{request.TargetVolume}",
            async () =>
            {
                if (access.Check(actor, Permission.VolumeRestore, await targets.VolumeAsync(request.TargetHost, request.TargetVolume, ct)) is { } denied)
                {
                    return denied;
                }

                if (request.Host == request.TargetHost && request.Volume == request.TargetVolume)
                {
                    return new Error(ErrorKind.Invalid, "volume.same", "A volume cannot be copied onto itself. Give the copy another name.");
                }

                var backup = await volumes.BackupAsync(request.Host, request.Volume, request.Quiet, ct);
                if (backup.Error is { } error)
                {
                    return error;
                }

                await using var content = backup.Value;
                return await volumes.RestoreAsync(request.TargetHost, request.TargetVolume, content.Stream, ct);
            },
            ct);
}
