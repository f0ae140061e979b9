using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Cgroups;

internal static partial class StatsLog
{
    [LoggerMessage(3400, LogLevel.Warning, "Reading the counters of the containers failed; the next second tries again.")]
    public static partial void PassFailed(this ILogger logger, Exception exception);
}
