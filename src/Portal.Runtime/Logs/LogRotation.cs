using Portal.Runtime.Linux;

namespace Portal.Runtime.Logs;

/// <summary>A log that is being written.</summary>
/// <param name="Path">The file conmon writes to.</param>
/// <param name="ControlFifo">conmon's <c>ctl</c> fifo in the container's bundle.</param>
/// <param name="Limits">How much of it is kept.</param>
internal readonly record struct OpenLog(string Path, string ControlFifo, LogLimits Limits);

/// <summary>
/// Keeps one log within its limits. conmon's own limit throws the old lines away, so the file is renamed under it and conmon is
/// asked to make a new one; it writes on to the renamed file until then, so that no line is lost.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="time">Clock of repeated requests.</param>
internal sealed class LogRotation(OpenLog log, TimeProvider time)
{
    // conmon ends when it cannot make its new file, so it is given one that is there already (ctr_logging.c, reopen_k8s_file).
    private const string NextFile = ".tmp";

    // A tenth is promised; the rest of it is for what a fast writer writes between two looks.
    private const double Slack = 1.08;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    // conmon's ctrl.c: message type 2 reopens the logs; the two numbers behind it have to be there and mean nothing.
    private static readonly byte[] s_reopen = "2 0 0\n"u8.ToArray();

    private long? _askedAt;
    private long _newest;
    private long _writtenBefore;
    private long _rotatedBytes;
    private long _overshoot;
    private bool _settling = true;

    /// <summary>What the whole log may take on the disk: a little more than asked, for what is written while a rotation is under way.</summary>
    private double Budget => log.Limits.MaximumSize is { } size ? size * (double)log.Limits.MaximumFiles * Slack : double.PositiveInfinity;

    /// <summary>What the file written to will come to, by what the last one did. Of a single file it is known when it is there.</summary>
    private long Expected => log.Limits is { MaximumSize: { } size, MaximumFiles: > 1 } ? Math.Max(Size, size + Math.Min(_overshoot, size / 10)) : Size;

    /// <summary>A file is renamed and conmon has not made the next one yet.</summary>
    public bool IsUnderWay { get; private set; }

    /// <summary>Size of the file written to when it was last looked at.</summary>
    public long Size { get; private set; }

    /// <summary>Bytes that were written since the first look.</summary>
    public long Written => _writtenBefore + Size;

    /// <summary>Does what is due.</summary>
    /// <param name="force">Rotate whatever the size.</param>
    /// <returns>Numbers of files that are complete and were not named before.</returns>
    /// <exception cref="IOException">The disk is full, or failed.</exception>
    public IReadOnlyList<long> Step(bool force = false)
    {
        IsUnderWay = Libc.Stat(log.Path, out var current) == Errno.ENOENT;
        Size = current.Size;
        if (IsUnderWay)
        {
            // The message may not have arrived: the agent died before it was sent, conmon took it for part of another one.
            if (_askedAt is not { } asked || time.GetElapsedTime(asked) > s_patience)
            {
                Ask();
            }

            return [];
        }

        IReadOnlyList<long> complete = [];
        if (_settling)
        {
            complete = Settle();
        }
        else if (_rotatedBytes + Expected > Budget)
        {
            Prune();
        }

        if (force || Size >= (log.Limits.MaximumSize ?? long.MaxValue))
        {
            Begin();
        }

        return complete;
    }

    /// <summary>conmon has ended: what it wrote since the last look is brought within the limits.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public IReadOnlyList<long> Finish()
    {
        Size = Libc.Stat(log.Path, out var current) == 0 ? current.Size : 0;
        if (Size > log.Limits.MaximumSize)
        {
            PutAside();
            Size = 0;
        }

        File.Delete(log.Path + NextFile);
        return _settling ? Settle() : [];
    }

    /// <summary>The number the file written to will get.</summary>
    public long NextNumber() => Math.Max(_newest, LogFileSet.Rotated(log.Path).LastOrDefault(file => file.Exists).Number) + 1;

    /// <summary>A new file of a log, readable by root only; what was there is gone.</summary>
    public static FileStream Create(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.ReadWrite,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private void Begin()
    {
        if (log.Limits.MaximumSize is not null)
        {
            // First makes room: on a full disk this is what lets the log go on.
            var rotated = LogFileSet.Rotated(log.Path);
            Drop(rotated, rotated.Count(file => file.IsWhole) - log.Limits.MaximumFiles + 2);
        }

        Create(log.Path + NextFile).Dispose();
        PutAside();
        IsUnderWay = true;
        Ask();
    }

    private void PutAside()
    {
        var number = NextNumber();
        File.Move(log.Path, LogFileSet.NameOf(log.Path, number));
        (_newest, _settling) = (number, true);
    }

    private void Ask()
    {
        _askedAt = time.GetTimestamp();

        // Opening to read and write never waits for the other side (fifo(7)): conmon may be gone.
        try
        {
            using var stream = new FileStream(log.ControlFifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            stream.Write(s_reopen);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            // It ended; its successor opens the log anew by itself.
        }
    }

    /// <summary>conmon writes to a new file: the one before it is complete, and is brought to its size.</summary>
    private List<long> Settle()
    {
        (_settling, _askedAt) = (false, null);
        var newest = LogFileSet.Rotated(log.Path).LastOrDefault(file => file.Exists);
        if (newest.IsPlain)
        {
            var length = LogFileSet.SizeOf(LogFileSet.NameOf(log.Path, newest.Number));
            if (newest.Number == _newest)
            {
                _writtenBefore += length;
                _overshoot = Math.Max(length - (log.Limits.MaximumSize ?? length), 0);
            }

            Trim(newest.Number, length);
        }

        Prune();
        var plain = LogFileSet.Rotated(log.Path).Where(file => file.IsPlain).Select(file => file.Number);
        return [.. _newest == 0 ? plain : plain.Where(number => number == _newest)];
    }

    // What came after the limit belongs to the next file. Where one file is all that is kept, that is what stays of this one.
    private void Trim(long number, long length)
    {
        if (log.Limits.MaximumSize is { } size)
        {
            var others = size * (log.Limits.MaximumFiles - 1);
            if (log.Limits.MaximumFiles == 1 && length > size)
            {
                LogTrim.KeepEnd(log.Path, number, Math.Min(length - size, size));
            }
            else if (log.Limits.MaximumFiles > 1 && length > others * Slack)
            {
                LogTrim.KeepEnd(log.Path, number, others);
            }
        }
    }

    // A fast writer makes files larger than asked for before it is noticed, so bytes count as well as files.
    private void Prune()
    {
        if (log.Limits.MaximumSize is null)
        {
            return;
        }

        var rotated = LogFileSet.Measured(log.Path);
        var count = rotated.Count(file => file.IsWhole);
        _rotatedBytes = rotated.Sum(file => file.Bytes);
        var drop = 0;
        foreach (var file in rotated.Where(file => file.IsWhole))
        {
            if (count - drop <= Math.Max(log.Limits.MaximumFiles - 1, 1) && _rotatedBytes + Expected <= Budget)
            {
                break;
            }

            drop++;
            _rotatedBytes -= file.Bytes;
        }

        Drop(rotated, drop);
    }

    /// <summary>Drops the oldest files; the beginning of a line stays whose end is in the oldest that is left.</summary>
    private void Drop(List<RotatedLog> rotated, int count)
    {
        var dropped = rotated.Where(file => file.IsWhole).Take(count).ToList();
        foreach (var file in dropped.Count == 0 ? [] : rotated.TakeWhile(file => file.Number < dropped[^1].Number))
        {
            LogFileSet.Remove(log.Path, file.Number);
        }

        if (dropped.Count > 0)
        {
            LogTrim.Drop(log.Path, dropped[^1].Number);
        }
    }
}
