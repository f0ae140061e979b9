using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Makes a volume, or fills an empty one, from a backup: wholly or not at all.</summary>
/// <param name="Host">The host it is to be on.</param>
/// <param name="Volume">Its name.</param>
/// <param name="Archive">The backup.</param>
public sealed record RestoreVolume(HostId Host, string Volume, Stream Archive);

internal sealed class RestoreVolumeHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IHandler<RestoreVolume>
{
    public async Task<Result> HandleAsync(RestoreVolume request, Actor actor, CancellationToken ct) =>
        await command.RunAsync(
            actor, nameof(RestoreVolume), Permission.VolumeRestore, await targets.VolumeAsync(request.Host, request.Volume, ct), $"{request.Host}/{request.Volume}", () => volumes.RestoreAsync(request.Host, request.Volume, request.Archive, ct), ct);
}
