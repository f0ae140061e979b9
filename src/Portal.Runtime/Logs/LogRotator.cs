using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Logs;

/// <summary>Looks at the sizes of all open logs, the more often the faster they grow.</summary>
internal sealed class LogRotator(IEnumerable<IOpenLogs> sources, TimeProvider time, ILogger<LogRotator> logger) : BackgroundService
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(100);

    // What a file may grow beyond its limit unnoticed, at the speed it had.
    private const long Overshoot = LogRotation.MaximumSize / 10;

    private Dictionary<string, long> _sizes = [];
    private long _lastLook;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var delay = s_longest;
        try
        {
            while (true)
            {
                await Task.Delay(delay, time, stoppingToken).ConfigureAwait(false);
                delay = Look();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    private TimeSpan Look()
    {
        var now = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_lastLook, now).TotalSeconds;
        _lastLook = now;
        var sizes = new Dictionary<string, long>();
        var delay = s_longest;
        foreach (var log in sources.SelectMany(source => source.List()))
        {
            try
            {
                var rotated = LogRotation.Rotate(log);
                var file = new FileInfo(log.Path);
                var size = rotated || !file.Exists ? 0 : file.Length;
                sizes[log.Path] = size;
                var speed = (size - _sizes.GetValueOrDefault(log.Path, size)) / Math.Max(elapsed, 0.001);
                if (speed > 0)
                {
                    var seconds = (LogRotation.MaximumSize - size + Overshoot) / speed;
                    delay = TimeSpan.FromSeconds(Math.Clamp(seconds, s_shortest.TotalSeconds, delay.TotalSeconds));
                }
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                logger.RotationFailed(ex, log.Path);
            }
        }

        _sizes = sizes;
        return delay;
    }
}

internal static partial class LogsLog
{
    [LoggerMessage(3410, LogLevel.Warning, "The log {Path} could not be rotated; it goes on growing until the next attempt.")]
    public static partial void RotationFailed(this ILogger logger, Exception exception, string path);
}
