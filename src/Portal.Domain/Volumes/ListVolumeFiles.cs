using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Asks what is in a folder of a volume.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="After">Where to go on; null from the beginning.</param>
/// <param name="Limit">At most so many, 1 to 1000.</param>
public sealed record ListVolumeFiles(VolumePlace Folder, string? After, int Limit);

internal sealed class ListVolumeFilesHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IQueryHandler<ListVolumeFiles, VolumeFolderView>
{
    public async Task<Result<VolumeFolderView>> HandleAsync(ListVolumeFiles query, Actor actor, CancellationToken ct) => await command.ReadAsync(
        actor, nameof(ListVolumeFiles), Permission.VolumeFilesRead, await targets.VolumeAsync(query.Folder.Host, query.Folder.Volume, ct), query.Folder.ToString(),
        () => volumes.ListAsync(query.Folder, query.After, query.Limit, ct), ct);
}
