using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Asks which backups and restores are under way on a host.</summary>
public sealed record ListVolumeWork(HostId Host);

internal sealed class ListVolumeWorkHandler(HostCommand command, IAccessTargets targets, IVolumeGateway volumes) : IQueryHandler<ListVolumeWork, IReadOnlyList<VolumeWorkView>>
{
    public Task<Result<IReadOnlyList<VolumeWorkView>>> HandleAsync(ListVolumeWork query, Actor actor, CancellationToken ct) =>
        command.ReadAsync(actor, nameof(ListVolumeWork), Permission.VolumeBackup, targets.Host(query.Host), query.Host.Value, () => volumes.WorkAsync(query.Host, ct), ct);
}
