using Portal.Runtime.Logs;

namespace Portal.Runtime.Builds.Cache;

/// <summary>How much of the cache is kept. Pure.</summary>
/// <param name="ReservedBytes">So much is kept in any case; 0 for none.</param>
/// <param name="MaximumBytes">No more is kept; 0 for no matter how much.</param>
/// <param name="FreeBytes">So much of the disk is to be free; 0 for no matter.</param>
public sealed record CacheBounds(long ReservedBytes, long MaximumBytes, long FreeBytes)
{
    /// <summary>Nothing is kept.</summary>
    public static CacheBounds None { get; } = new(0, 0, 0);

    /// <summary>Reads a size as Docker writes them, in decimal units: <c>20GB</c>. Null when it is none.</summary>
    public static long? TryParseSize(string text)
    {
        try
        {
            return LogOptionValue.Size(text);
        }
        catch (LogOptionException)
        {
            return null;
        }
    }

    /// <summary>Bytes that are kept.</summary>
    /// <param name="size">Of the cache.</param>
    /// <param name="free">Of the disk.</param>
    public long Keep(long size, long free)
    {
        if (this == None)
        {
            return 0;
        }

        var keep = MaximumBytes > 0 ? Math.Min(MaximumBytes, size) : FreeBytes > 0 ? size : 0;
        return Math.Max(Math.Min(keep, size - Math.Max(FreeBytes - free, 0)), ReservedBytes);
    }
}
