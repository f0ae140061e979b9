using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Asks which backups and restores are under way on a host.</summary>
public sealed record ListVolumeWork(HostId Host);

internal sealed class ListVolumeWorkHandler(IAccessPolicy access, IAccessTargets targets, IVolumeGateway volumes) : IQueryHandler<ListVolumeWork, IReadOnlyList<VolumeWorkView>>
{
    public async Task<Result<IReadOnlyList<VolumeWorkView>>> HandleAsync(ListVolumeWork query, Actor actor, CancellationToken ct) =>
        access.Check(actor, Permission.VolumeBackup, targets.Host(query.Host)) is { } denied ? denied : await volumes.WorkAsync(query.Host, ct);
}
