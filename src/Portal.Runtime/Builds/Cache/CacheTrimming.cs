using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Builds.Cache;

/// <summary>Keeps the cache below its limit: after builds, behind their backs, one pass at a time.</summary>
internal sealed partial class CacheTrimming(RuntimeOptions options, ILogger<CacheTrimming> log)
{
    private int _asked;

    /// <summary>What is kept: the limit, and when less than a tenth of the disk is free less, down to a quarter of it.</summary>
    private CacheBounds Bounds
    {
        get
        {
            var disk = new DriveInfo(options.DataRoot).TotalSize;
            var limit = options.BuildCacheLimit ?? disk / 10;
            return new(limit / 4, limit, disk / 10);
        }
    }

    /// <summary>A build has ended. Returns at once.</summary>
    public void Ask(Func<BuildCachePruneRequest, CancellationToken, Task<BuildCachePruning>> prune)
    {
        // Whoever asks during a pass is served by one more after it.
        if (options.BuildCacheLimit != 0 && Interlocked.Increment(ref _asked) == 1)
        {
            _ = Task.Run(() => TrimAsync(prune));
        }
    }

    private async Task TrimAsync(Func<BuildCachePruneRequest, CancellationToken, Task<BuildCachePruning>> prune)
    {
        int served;
        do
        {
            served = Volatile.Read(ref _asked);
            try
            {
                var pruned = await prune(new(All: false, Bounds, UnusedFor: null, Ids: null), CancellationToken.None).ConfigureAwait(false);
                if (pruned.Deleted.Count > 0)
                {
                    LogTrimmed(pruned.Deleted.Count, pruned.ReclaimedBytes);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ErrorException)
            {
                LogFailed(e);
            }
        }
        while (Interlocked.Add(ref _asked, -served) > 0);
    }

    [LoggerMessage(3600, LogLevel.Information, "The build cache has reached its limit: {Count} records were deleted, {Bytes} bytes")]
    private partial void LogTrimmed(int count, long bytes);

    [LoggerMessage(3601, LogLevel.Warning, "The build cache could not be brought below its limit; the next build tries again")]
    private partial void LogFailed(Exception error);
}
