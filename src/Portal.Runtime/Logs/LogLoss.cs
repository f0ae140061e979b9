using System.Globalization;

namespace Portal.Runtime.Logs;

/// <summary>
/// Finds out that lines were lost. conmon goes on when it cannot write, which is right, and tells nobody; but the kernel counts
/// what it reads (rchar in proc_pid_io(5)), and of a line it writes more than it read. While the disk was full, a log that grew by
/// less than was read has a gap.
/// </summary>
internal sealed class LogLoss
{
    // conmon has at most this much in hand: read and not yet written.
    private const long InHand = 8 * 1024;

    private long _read = -1;
    private long _written;
    private long _lookedAt;

    /// <summary>Bytes missing since the last note; 0 for none.</summary>
    public long Missing { get; private set; }

    /// <summary>The log grew again after the gap.</summary>
    public bool IsOver { get; private set; }

    /// <summary>When the log was last seen whole.</summary>
    public DateTimeOffset Since { get; private set; }

    /// <summary>Compares what was read with what was written.</summary>
    /// <param name="read">Bytes conmon has ever read. Ask first: what is written between the two looks must make the log larger, never the gap.</param>
    /// <param name="written">Bytes the log has ever had.</param>
    /// <param name="diskWasFull">Since the last look.</param>
    /// <param name="now">The time.</param>
    public void Compare(long read, long written, bool diskWasFull, DateTimeOffset now)
    {
        var missing = _read < 0 ? 0 : read - _read - (written - _written);
        if (diskWasFull && missing is > 0 and <= InHand && read != _lookedAt)
        {
            // May be in hand. If it is still missing when nothing more was read, it is not.
            _lookedAt = read;
            return;
        }

        if (diskWasFull && missing > 0)
        {
            (Missing, IsOver) = (Missing + missing, written > _written);
        }
        else if (Missing > 0)
        {
            IsOver |= written > _written;
        }
        else
        {
            Since = now;
        }

        (_read, _written) = (read, written);
    }

    /// <summary>A note stands in the log.</summary>
    public void Noted() => (Missing, IsOver) = (0, false);

    /// <summary>Bytes a process has ever read; null when the kernel does not tell.</summary>
    public static long? ReadBy(int process)
    {
        try
        {
            foreach (var line in File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/io"))
            {
                if (line.StartsWith("rchar: ", StringComparison.Ordinal))
                {
                    return long.Parse(line.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture);
                }
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // It ended, or this kernel does not count.
        }

        return null;
    }
}
