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
    private long _doubt;

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
        var missing = _read < 0 || !(diskWasFull || _doubt > 0) ? 0 : read - _read - (written - _written);
        if (missing is > 0 and <= InHand && _doubt == 0)
        {
            // May be in hand. What is still missing at the next look is missing.
            _doubt = missing;
            return;
        }

        if (missing > 0)
        {
            (Missing, IsOver) = (Missing + (_doubt > 0 ? Math.Min(missing, _doubt) : missing), written > _written);
        }
        else if (Missing > 0)
        {
            IsOver |= written > _written;
        }
        else
        {
            Since = now;
        }

        (_read, _written, _doubt) = (read, written, 0);
    }

    /// <summary>A note stands in the log.</summary>
    public void Noted() => (Missing, IsOver) = (0, false);

    /// <summary>Bytes of output conmon has ever read, about; null when the kernel does not tell.</summary>
    public static long? ReadBy(int process)
    {
        // Every other read is one of eight bytes: glib's main loop is woken through an eventfd.
        const int OfTheLoop = 4;
        long? bytes = null, calls = null;
        try
        {
            foreach (var line in File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/io"))
            {
                bytes ??= Number(line, "rchar: ");
                calls ??= Number(line, "syscr: ");
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // It ended, or this kernel does not count.
        }

        return bytes - (calls * OfTheLoop);
    }

    private static long? Number(string line, string name) =>
        line.StartsWith(name, StringComparison.Ordinal) ? long.Parse(line.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
