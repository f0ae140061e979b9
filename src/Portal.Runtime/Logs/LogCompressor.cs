using System.IO.Compression;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Logs;

/// <summary>The logs of all containers, running or not.</summary>
public interface IKeptLogs
{
    /// <summary>Every log that has a file.</summary>
    IReadOnlyList<(string Path, LogLimits Limits)> List();
}

/// <summary>
/// Compresses rotated files, one at a time, some seconds after they were put aside: readers are through by then, and what a flood
/// pushes out at once is not compressed for nothing.
/// </summary>
internal sealed class LogCompressor(IEnumerable<IKeptLogs> logs, TimeProvider time, ILogger<LogCompressor> logger) : BackgroundService
{
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(5);

    private readonly Channel<(string Log, long Number, long AddedAt)> _due = Channel.CreateUnbounded<(string, long, long)>(new() { SingleReader = true });

    /// <summary>A file is complete.</summary>
    public void Add(string log, long number) => _due.Writer.TryWrite((log, number, time.GetTimestamp()));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // What an agent before this one did not come to.
        foreach (var (log, _) in logs.SelectMany(source => source.List()).Where(log => log.Limits.Compress))
        {
            foreach (var rotated in LogFileSet.Rotated(log).Where(file => file.IsPlain))
            {
                Add(log, rotated.Number);
            }
        }

        try
        {
            await foreach (var (log, number, addedAt) in _due.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                var wait = s_delay - time.GetElapsedTime(addedAt);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, time, stoppingToken).ConfigureAwait(false);
                }

                await Task.Run(() => Compress(log, number, stoppingToken), stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end. What is left is found at the next start.
        }
    }

    private void Compress(string log, long number, CancellationToken ct)
    {
        try
        {
            LogCompression.Compress(log, number, ct);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            logger.CompressionFailed(ex, LogFileSet.NameOf(log, number));
        }
    }
}

/// <summary>Puts a compressed file in the place of a rotated one.</summary>
internal static class LogCompression
{
    private const int BlockSize = 128 * 1024;

    /// <summary>
    /// Compresses a file. At every moment one of the two is there whole, and both for an instant; cut short by whatever, it can
    /// be done again. Nothing happens when the file is not there.
    /// </summary>
    /// <exception cref="IOException">The file is as it was.</exception>
    public static void Compress(string log, long number, CancellationToken ct)
    {
        var (plain, unfinished, compressed) = (LogFileSet.NameOf(log, number), LogFileSet.UnfinishedNameOf(log, number), LogFileSet.CompressedNameOf(log, number));
        if (!File.Exists(plain))
        {
            Discard(unfinished);
            return;
        }

        try
        {
            using (var source = new FileStream(plain, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
            using (var target = LogRotation.Create(unfinished))
            {
                using (var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true))
                {
                    var buffer = new byte[BlockSize];
                    while (source.Read(buffer) is var count and > 0)
                    {
                        ct.ThrowIfCancellationRequested();
                        gzip.Write(buffer.AsSpan(0, count));
                    }
                }

                target.Flush(flushToDisk: true);
            }

            // The time of the last line, by which readers leave files out.
            File.SetLastWriteTimeUtc(unfinished, File.GetLastWriteTimeUtc(plain));
            File.Move(unfinished, compressed, overwrite: true);
            if (File.Exists(plain))
            {
                File.Delete(plain);
            }
            else
            {
                // Too old meanwhile, and removed under both names before there was this one.
                File.Delete(compressed);
            }
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            // Removed while it was read, by itself or with its container.
            Discard(unfinished);
        }
        catch
        {
            Discard(unfinished);
            throw;
        }
    }

    private static void Discard(string unfinished)
    {
        if (File.Exists(unfinished))
        {
            File.Delete(unfinished);
        }
    }
}
