using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Cache;

namespace Portal.Runtime.Builds;

/// <inheritdoc cref="IBuilder"/>
internal sealed class Builder(BuildServices services) : IBuilder
{
    public async Task<BuildResult> BuildAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct)
    {
        var job = new BuildJob(services, request, progress, ct);
        await using (job.ConfigureAwait(false))
        {
            return await job.RunAsync().ConfigureAwait(false);
        }
    }

    public IReadOnlyList<BuildCacheRecord> Cache()
    {
        var records = services.Cache.Records.Select(record => new BuildCacheRecord(
            record.Key, "regular", record.Description, record.Parent is null ? [] : [record.Parent], services.Cache.IsInUse(record.Key),
            record.DiffId is not null && services.Images.IsUsed(Digest.Parse(record.Chain[^1], null)), record.SizeBytes, record.Created, record.LastUsed, record.Uses));
        var mounts = services.Mounts.Records.Select(record => new BuildCacheRecord(
            record.Id, "exec.cachemount", record.Description, [], services.Mounts.IsInUse(record.Id), false, services.Mounts.SizeOf(record.Id), record.Created, record.LastUsed, record.Uses));
        return [.. records.Concat(mounts).OrderByDescending(record => record.LastUsed ?? record.Created)];
    }

    public Task<BuildCachePruning> PruneAsync(BuildCachePruneRequest request, CancellationToken ct) => Task.Run(
        () =>
        {
            var deleted = new List<string>();
            long reclaimed = 0;
            var blobs = new List<Digest>();
            foreach (var record in CachePruning.Choose(Cache(), request, services.Time.GetUtcNow()))
            {
                ct.ThrowIfCancellationRequested();
                if (record.Kind == "exec.cachemount")
                {
                    if (!services.Mounts.Remove(record.Id))
                    {
                        continue;
                    }
                }
                else if (services.Cache.IsInUse(record.Id))
                {
                    continue;
                }
                else
                {
                    blobs.AddRange(services.Cache.Records.Where(known => known.Key == record.Id && known.DiffId is not null).Select(known => Digest.Parse(known.DiffId!, null)));
                    services.Cache.Remove(record.Id);
                }

                deleted.Add(record.Id);
                reclaimed += record.Shared ? 0 : record.SizeBytes;
            }

            services.Images.Collect(blobs);
            return new BuildCachePruning(deleted, reclaimed);
        },
        ct);
}
