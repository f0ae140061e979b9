namespace Portal.Runtime.Logs;

/// <summary>A log that is being written.</summary>
/// <param name="Path">The file conmon writes to.</param>
/// <param name="ControlFifo">conmon's <c>ctl</c> fifo in the container's bundle.</param>
public readonly record struct OpenLog(string Path, string ControlFifo);

/// <summary>The logs of running containers.</summary>
public interface IOpenLogs
{
    /// <summary>Every log with a writer, at this moment.</summary>
    IReadOnlyList<OpenLog> List();
}

/// <summary>
/// Keeps a log within a size. conmon's own limit throws the old lines away, so the file is renamed under it and conmon is
/// asked to make a new one; it writes on to the renamed file until then, so that no line is lost.
/// </summary>
internal static class LogRotation
{
    /// <summary>Size at which a file is put aside, bytes.</summary>
    public const long MaximumSize = 20L << 20;

    /// <summary>Files kept, the one written to included.</summary>
    public const int MaximumFiles = 5;

    // conmon's ctrl.c: message type 2 reopens the logs; the two numbers behind it have to be there and mean nothing.
    private static readonly byte[] s_reopen = "2 0 0\n"u8.ToArray();

    /// <summary>Rotates the log when it is due. True when it did.</summary>
    /// <param name="log">The log.</param>
    /// <param name="maximumSize">Bytes.</param>
    /// <param name="maximumFiles">At least 2.</param>
    /// <exception cref="IOException">A file could not be renamed.</exception>
    public static bool Rotate(OpenLog log, long maximumSize = MaximumSize, int maximumFiles = MaximumFiles)
    {
        var current = new FileInfo(log.Path);
        if (!current.Exists)
        {
            // Renamed, and then the message never arrived (the agent died, the fifo was full): say it again.
            if (File.Exists(LogFileSet.NameOf(log.Path, 1)))
            {
                AskToReopen(log.ControlFifo);
            }

            return false;
        }

        if (current.Length < maximumSize)
        {
            return false;
        }

        var count = 0;
        while (File.Exists(LogFileSet.NameOf(log.Path, count + 1)))
        {
            count++;
        }

        for (var number = count; number >= 0; number--)
        {
            File.Move(LogFileSet.NameOf(log.Path, number), LogFileSet.NameOf(log.Path, number + 1), overwrite: true);
        }

        AskToReopen(log.ControlFifo);
        Prune(log.Path, count + 1, maximumSize, maximumFiles);
        return true;
    }

    // A fast writer makes files larger than asked for before it is noticed, so bytes count as well as files.
    private static void Prune(string path, int count, long maximumSize, int maximumFiles)
    {
        var total = 0L;
        for (var number = 1; number <= count; number++)
        {
            var file = new FileInfo(LogFileSet.NameOf(path, number));
            total += file.Exists ? file.Length : 0;
            if (number >= maximumFiles || (number > 1 && total > maximumSize * (maximumFiles - 1)))
            {
                file.Delete();
            }
        }
    }

    private static void AskToReopen(string fifo)
    {
        // Opening to read and write never waits for the other side (fifo(7)): conmon may be gone.
        try
        {
            using var stream = new FileStream(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            stream.Write(s_reopen);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            // It ended; its successor opens the log anew by itself.
        }
    }
}
