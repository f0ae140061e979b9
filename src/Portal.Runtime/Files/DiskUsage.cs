using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Files;

/// <inheritdoc cref="IDiskUsage"/>
internal sealed class DiskUsage(IContainers containers, IImages images, IVolumes volumes, LayerSizes sizes) : IDiskUsage
{
    private readonly Lock _lock = new();
    private Task<DiskUsageSnapshot>? _underWay;

    public Task<DiskUsageSnapshot> ReadAsync(CancellationToken ct)
    {
        lock (_lock)
        {
            if (_underWay is not { IsCompleted: false })
            {
                // Nobody's token: the first to leave must not end it for the others.
                _underWay = Task.Run(CountAsync, CancellationToken.None);
            }

            return _underWay.WaitAsync(ct);
        }
    }

    public Task<long> VolumeBytesAsync(string folder, CancellationToken ct) => ArchiveThread.RunAsync(() => TreeSize.Of(folder, ct), ct);

    private async Task<DiskUsageSnapshot> CountAsync()
    {
        var layers = images.LayerUsage();
        var writable = new Dictionary<ContainerId, long>();
        foreach (var container in containers.List())
        {
            writable[container.Id] = await sizes.OfContainerAsync(container.Id, CancellationToken.None).ConfigureAwait(false);
        }

        // What a volume with options holds is not on the engine's disk.
        var folders = volumes.List().Where(volume => !volume.Options.IsMounted).ToList();
        var bytes = await ArchiveThread.RunAsync(
            () => folders.ToDictionary(volume => volume.Name, volume => TreeSize.Of(volume.MountPoint, CancellationToken.None)), CancellationToken.None).ConfigureAwait(false);
        return new(layers.Total, layers.Shared, writable, bytes);
    }
}
