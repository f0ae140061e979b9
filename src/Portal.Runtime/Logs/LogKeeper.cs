using Microsoft.Extensions.Logging;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// Keeps the logs of running containers within their limits. A log nobody writes to costs nothing; one that grows is looked at
/// the more often the less is left to its limit.
/// </summary>
internal sealed class LogKeeper(LogCompressor compressor, LogDisk disk, TimeProvider time, ILogger<LogKeeper> logger)
{
    // Bytes a second. A faster one makes its files larger than asked by what it writes in the shortest pause.
    private const double FastestWriter = 400e6;

    private static readonly TimeSpan s_soonest = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_latest = TimeSpan.FromMilliseconds(250);

    // In case no notice comes, and after a failure.
    private static readonly TimeSpan s_rescan = TimeSpan.FromSeconds(1);

    /// <summary>Keeps one log until its monitor has ended.</summary>
    /// <param name="log">The log.</param>
    /// <param name="monitor">conmon's process; null where its reads do not tell what it wrote: it reads a client's input as well.</param>
    /// <param name="isTerminal">The container has a terminal.</param>
    /// <param name="onLost">Told how many bytes of output could not be written.</param>
    /// <param name="over">Cancelled when the monitor has ended.</param>
    public async Task KeepAsync(OpenLog log, int? monitor, bool isTerminal, Action<long> onLost, CancellationToken over)
    {
        var watch = new Watched(new(log, time), monitor is { } id ? (id, new LogLoss()) : null, isTerminal ? StdioStream.Stdout : StdioStream.Stderr, onLost, time.GetTimestamp());
        FileNotices.Watch? notice = null;
        try
        {
            // The start of a container does not wait for the first look.
            await Task.Yield();
            while (true)
            {
                var pause = Look(log, watch);
                if (pause is null && notice is null && (notice = FileNotices.Shared.TryWatch(log.Path)) is not null)
                {
                    // Looked at once more now that nothing that happens goes unnoticed.
                    continue;
                }

                await (pause is null && notice is not null ? notice.Changed.WaitAsync(over) : Task.Delay(pause ?? s_rescan, time, over)).ConfigureAwait(false);
                notice?.Dispose();
                notice = null;
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The end.
        }
        catch (Exception ex)
        {
            // A bug; the container's end does not wait for its log.
            logger.RotationFailed(ex, log.Path);
        }
        finally
        {
            notice?.Dispose();
        }

        Tidy(log, watch.Rotation);
    }

    /// <summary>Brings a log within its limits whose monitor ended while nobody kept it.</summary>
    public void Tidy(OpenLog log) => Tidy(log, new(log, time));

    private void Tidy(OpenLog log, LogRotation rotation)
    {
        try
        {
            Compress(log, rotation.Finish());
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            logger.RotationFailed(ex, log.Path);
        }
    }

    /// <summary>Does what is due; returns when to look again, null for when something happens.</summary>
    private TimeSpan? Look(OpenLog log, Watched watched)
    {
        var (now, rotation) = (time.GetTimestamp(), watched.Rotation);
        try
        {
            var read = watched.Loss is { } loss ? LogLoss.ReadBy(loss.Monitor) : null;
            Compress(log, rotation.Step());
            if (read is { } bytes && !rotation.IsUnderWay)
            {
                Compare(log, watched, bytes);
            }

            watched.HasFailed = false;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Said once; it is tried again until it works.
            if (!watched.HasFailed)
            {
                logger.RotationFailed(ex, log.Path);
            }

            watched.HasFailed = true;
            return s_rescan;
        }

        if (rotation.IsUnderWay)
        {
            return s_soonest;
        }

        var grew = rotation.Written > watched.LastWritten;
        (watched.LastLook, watched.LastWritten) = (now, rotation.Written);
        if (!grew)
        {
            return null;
        }

        // How fast a log was says little of how fast it will be: writers come in bursts, and wait for a processor as we do.
        var left = ((log.Limits.MaximumSize ?? long.MaxValue) - rotation.Size) / FastestWriter;
        return TimeSpan.FromSeconds(Math.Clamp(left, s_soonest.TotalSeconds, s_latest.TotalSeconds));
    }

    private void Compare(OpenLog log, Watched watched, long read)
    {
        var (loss, rotation) = (watched.Loss!.Value.Loss, watched.Rotation);
        var before = loss.Missing;
        loss.Compare(read, rotation.Written, disk.WasFullSince(watched.LastLook), time.GetUtcNow());
        if (loss.Missing > before)
        {
            watched.OnLost(loss.Missing - before);
        }

        if (loss is { Missing: > 0, IsOver: true })
        {
            // After the file that has the gap, and so before what is written from now on.
            LogLossNote.Write(log.Path, rotation.NextNumber(), loss.Since, time.GetUtcNow(), loss.Missing, watched.NoteStream);
            Compress(log, rotation.Step(force: true));
            logger.OutputLost(log.Path, loss.Missing);
            loss.Noted();
        }
    }

    private void Compress(OpenLog log, IReadOnlyList<long> complete)
    {
        if (log.Limits.Compress)
        {
            foreach (var number in complete)
            {
                compressor.Add(log.Path, number);
            }
        }
    }

    /// <summary>What is known of one log.</summary>
    private sealed class Watched(LogRotation rotation, (int Monitor, LogLoss Loss)? loss, StdioStream noteStream, Action<long> onLost, long now)
    {
        public LogRotation Rotation => rotation;

        public (int Monitor, LogLoss Loss)? Loss => loss;

        public StdioStream NoteStream => noteStream;

        public Action<long> OnLost => onLost;

        public bool HasFailed { get; set; }

        public long LastLook { get; set; } = now;

        public long LastWritten { get; set; }
    }
}

internal static partial class LogsLog
{
    [LoggerMessage(3410, LogLevel.Warning, "The log {Path} could not be rotated; it goes on growing until that works.")]
    public static partial void RotationFailed(this ILogger logger, Exception exception, string path);

    [LoggerMessage(3411, LogLevel.Warning, "The disk was full: about {Bytes} bytes of output are missing in the log {Path}.")]
    public static partial void OutputLost(this ILogger logger, string path, long bytes);

    [LoggerMessage(3412, LogLevel.Warning, "The rotated log {Path} could not be compressed and stays as it is.")]
    public static partial void CompressionFailed(this ILogger logger, Exception exception, string path);
}
