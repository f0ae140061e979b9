namespace Portal.Runtime.Builds.Cache;

/// <summary>Which records of the cache a prune takes. Pure.</summary>
internal static class CachePruning
{
    /// <summary>Chooses, least recently used first.</summary>
    /// <param name="records">All.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="now">Clock.</param>
    public static IReadOnlyList<BuildCacheRecord> Choose(IReadOnlyList<BuildCacheRecord> records, BuildCachePruneRequest request, DateTimeOffset now)
    {
        // What images have is not the cache's size: deleting the record frees nothing.
        var size = records.Where(record => request.All || !record.Shared).Sum(record => record.SizeBytes);
        var chosen = new List<BuildCacheRecord>();
        foreach (var record in records.OrderBy(record => record.LastUsed ?? record.Created))
        {
            if (request.KeepBytes > 0 && size <= request.KeepBytes)
            {
                break;
            }

            if (record.InUse || (record.Shared && !request.All) || (request.Ids.Count > 0 && !request.Ids.Any(id => record.Id.StartsWith(id, StringComparison.Ordinal)))
                || (request.UnusedFor is { } time && now - (record.LastUsed ?? record.Created) < time))
            {
                continue;
            }

            size -= record.SizeBytes;
            chosen.Add(record);
        }

        return chosen;
    }
}
