using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// A process, held by a descriptor: a signal through it can never reach another process that got the same number
/// (pidfd_open(2)).
/// </summary>
internal sealed unsafe class PidFd : IDisposable
{
    private readonly SafeFileHandle _handle;

    private PidFd(int pid, SafeFileHandle handle)
    {
        Pid = pid;
        _handle = handle;
        Exited = ProcessWatcher.Shared.WatchAsync(handle);
    }

    /// <summary>The number, for display and /proc.</summary>
    public int Pid { get; }

    /// <summary>
    /// Completes when the process has ended: with its exit status (128 + signal when killed) if it is this process' child,
    /// otherwise with null.
    /// </summary>
    public Task<int?> Exited { get; }

    /// <summary>Opens a process by number; null when there is none.</summary>
    public static PidFd? TryOpen(int pid)
    {
        if (pid <= 0)
        {
            return null;
        }

        var fd = Libc.PidFdOpen(pid, 0);
        if (fd >= 0)
        {
            return new(pid, new SafeFileHandle(fd, ownsHandle: true));
        }

        var errno = (Errno)Marshal.GetLastPInvokeError();
        return errno is Errno.ESRCH or Errno.EINVAL ? null : throw new LinuxException("pidfd_open", $"{pid}", errno);
    }

    /// <summary>Opens a process by number if it is still the one that started at <paramref name="startTicks"/>.</summary>
    public static PidFd? TryOpen(int pid, ulong startTicks)
    {
        var process = TryOpen(pid);
        if (process is null || (ProcFile.TryReadStat(pid) is { } stat && stat.StartTicks == startTicks && stat.State is not ('Z' or 'X')))
        {
            return process;
        }

        process.Dispose();
        return null;
    }

    /// <summary>Sends a signal. False when the process has ended.</summary>
    public bool Signal(int signal)
    {
        var added = false;
        try
        {
            _handle.DangerousAddRef(ref added);
            if (Libc.PidFdSendSignal((int)_handle.DangerousGetHandle(), signal, null, 0) == 0)
            {
                return true;
            }

            var errno = (Errno)Marshal.GetLastPInvokeError();
            return errno == Errno.ESRCH ? false : throw new LinuxException("pidfd_send_signal", $"{Pid}", errno);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (added)
            {
                _handle.DangerousRelease();
            }
        }
    }

    /// <summary>Lets the descriptor go once the process has ended; the watcher still reaps it.</summary>
    public void Dispose() => ProcessWatcher.Shared.Release(_handle);
}
