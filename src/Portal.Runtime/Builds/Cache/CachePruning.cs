namespace Portal.Runtime.Builds.Cache;

/// <summary>Which records of the cache a prune takes. Pure.</summary>
internal static class CachePruning
{
    /// <summary>Chooses, least recently used first. A record that others build on goes after those: what it has is kept for them.</summary>
    /// <param name="records">All.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="free">Bytes of the disk that are free.</param>
    /// <param name="now">Clock.</param>
    public static IReadOnlyList<BuildCacheRecord> Choose(IReadOnlyList<BuildCacheRecord> records, BuildCachePruneRequest request, long free, DateTimeOffset now)
    {
        // What images have is not the cache's size: deleting the record frees nothing.
        var size = records.Where(record => request.All || !record.Shared).Sum(record => record.SizeBytes);
        var keep = request.Bounds.Keep(size, free);
        var known = records.ToDictionary(record => record.Id, StringComparer.Ordinal);
        var children = records.SelectMany(record => record.Parents).CountBy(parent => parent).ToDictionary(StringComparer.Ordinal);
        var next = new PriorityQueue<BuildCacheRecord, DateTimeOffset>(records.Where(record => !children.ContainsKey(record.Id)).Select(record => (record, LastUse(record))));
        var chosen = new List<BuildCacheRecord>();
        while (next.TryDequeue(out var record, out _) && (size > keep || keep == 0))
        {
            if (!IsWanted(record))
            {
                continue;
            }

            size -= record.SizeBytes;
            chosen.Add(record);
            foreach (var parent in record.Parents)
            {
                if (--children[parent] == 0 && known.TryGetValue(parent, out var leaf))
                {
                    next.Enqueue(leaf, LastUse(leaf));
                }
            }
        }

        return chosen;

        bool IsWanted(BuildCacheRecord record) => !record.InUse && (request.All || !record.Shared)
            && (request.Ids is not { } ids || ids.Contains(record.Id))
            && (request.UnusedFor is not { } time || now - LastUse(record) >= time);
    }

    private static DateTimeOffset LastUse(BuildCacheRecord record) => record.LastUsed ?? record.Created;
}
