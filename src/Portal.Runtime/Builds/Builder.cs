using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Cache;

namespace Portal.Runtime.Builds;

/// <inheritdoc cref="IBuilder"/>
internal sealed class Builder(BuildServices services, CacheTrimming trimming) : IBuilder
{
    private const string MountKind = "exec.cachemount";

    public async Task<BuildResult> BuildAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct)
    {
        try
        {
            var job = new BuildJob(services, request, progress, ct);
            await using (job.ConfigureAwait(false))
            {
                return await job.RunAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            trimming.Ask(PruneAsync);
        }
    }

    public async Task<DockerfileFacts> LookAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct)
    {
        var job = new BuildJob(services, request, progress, ct);
        await using (job.ConfigureAwait(false))
        {
            return await job.LookAsync().ConfigureAwait(false);
        }
    }

    public IReadOnlyList<BuildCacheRecord> Cache()
    {
        var records = services.Cache.Records.Select(record => new BuildCacheRecord(
            record.Key, "regular", record.Description, record.Parent is null ? [] : [record.Parent], services.Cache.IsInUse(record.Key),
            record.DiffId is not null && services.Images.IsUsed(Digest.Parse(record.Chain[^1], null)), record.SizeBytes, record.Created, record.LastUsed, record.Uses));
        var mounts = services.Mounts.Records.Select(record => new BuildCacheRecord(
            record.Id, MountKind, record.Description, [], services.Mounts.IsInUse(record.Id), false, services.Mounts.SizeOf(record.Id), record.Created, record.LastUsed, record.Uses));
        return [.. records.Concat(mounts).OrderByDescending(record => record.LastUsed ?? record.Created)];
    }

    public Task<BuildCachePruning> PruneAsync(BuildCachePruneRequest request, CancellationToken ct) => Task.Run(
        () =>
        {
            var deleted = new List<string>();
            long reclaimed = 0;
            var blobs = new List<Digest>();
            foreach (var record in CachePruning.Choose(Cache(), request, new DriveInfo(services.Options.DataRoot).AvailableFreeSpace, services.Time.GetUtcNow()))
            {
                ct.ThrowIfCancellationRequested();
                if (!Remove(record, blobs))
                {
                    continue;
                }

                deleted.Add(record.Id);
                reclaimed += record.Shared ? 0 : record.SizeBytes;
            }

            if (deleted.Count > 0)
            {
                services.Images.Collect(blobs);
            }

            return new BuildCachePruning(deleted, reclaimed);
        },
        ct);

    /// <summary>False when a build has begun to use it.</summary>
    private bool Remove(BuildCacheRecord record, List<Digest> blobs)
    {
        if (record.Kind == MountKind)
        {
            return services.Mounts.Remove(record.Id);
        }

        if (services.Cache.Remove(record.Id) is not { } removed)
        {
            return false;
        }

        if (removed.DiffId is { } blob)
        {
            blobs.Add(Digest.Parse(blob, null));
        }

        return true;
    }
}
