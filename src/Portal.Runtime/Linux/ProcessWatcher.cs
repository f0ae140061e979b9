using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>One thread that waits for the end of any number of processes (epoll over pidfds), so that no pool thread does.</summary>
internal sealed unsafe class ProcessWatcher
{
    // struct epoll_event is packed on x86-64 only.
    private static readonly int s_stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int s_dataOffset = s_stride - 8;

    private readonly ConcurrentDictionary<int, (SafeFileHandle Handle, TaskCompletionSource<int?> Ended)> _watched = new();
    private readonly int _epoll;

    private ProcessWatcher()
    {
        _epoll = Libc.EpollCreate(Libc.PipeCloExec);
        if (_epoll < 0)
        {
            throw new LinuxException("epoll_create1", "process watcher", (Errno)Marshal.GetLastPInvokeError());
        }

        new Thread(Run) { IsBackground = true, Name = "process watcher" }.Start();
    }

    public static ProcessWatcher Shared { get; } = new();

    /// <summary>Watches a pidfd. The task's continuations do not run on the watcher's thread.</summary>
    public Task<int?> WatchAsync(SafeFileHandle pidfd)
    {
        var ended = new TaskCompletionSource<int?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var fd = (int)pidfd.DangerousGetHandle();
        _watched[fd] = (pidfd, ended);
        var item = stackalloc byte[16];
        *(uint*)item = Libc.EpollIn | Libc.EpollOneShot;
        *(long*)(item + s_dataOffset) = fd;
        if (Libc.EpollControl(_epoll, Libc.EpollCtlAdd, fd, item) < 0)
        {
            var errno = (Errno)Marshal.GetLastPInvokeError();
            _watched.TryRemove(fd, out _);
            throw new LinuxException("epoll_ctl", "pidfd", errno);
        }

        return ended.Task;
    }

    /// <summary>Closes the descriptor now if the process has ended, otherwise when it does: a child must be reaped.</summary>
    public void Release(SafeFileHandle pidfd)
    {
        if (pidfd.IsClosed)
        {
            return;
        }

        var fd = (int)pidfd.DangerousGetHandle();
        if (_watched.TryGetValue(fd, out var entry) && ReferenceEquals(entry.Handle, pidfd))
        {
            entry.Ended.Task.ContinueWith(static (_, state) => ((SafeFileHandle)state!).Dispose(), pidfd, TaskScheduler.Default);
        }
        else
        {
            pidfd.Dispose();
        }
    }

    private void Run()
    {
        const int Batch = 64;
        var items = stackalloc byte[Batch * 16];
        while (true)
        {
            var count = Libc.EpollWait(_epoll, items, Batch, -1);
            for (var i = 0; i < count; i++)
            {
                var fd = (int)*(long*)(items + (i * s_stride) + s_dataOffset);
                if (_watched.TryGetValue(fd, out var entry))
                {
                    // While it is in the table nobody closes it: its number must not become another process' before this is done
                    // with it, or that one would be taken off, and its end never seen.
                    var status = Reap(fd);
                    Libc.EpollControl(_epoll, Libc.EpollCtlDel, fd, null);
                    _watched.TryRemove(fd, out _);
                    entry.Ended.TrySetResult(status);
                }
            }
        }
    }

    /// <summary>The status of a child of ours, taken off the kernel's hands; null for anybody else's.</summary>
    private static int? Reap(int pidfd)
    {
        // siginfo_t: si_code at 8, si_status at 24 on every 64-bit Linux.
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        while (Libc.WaitId(Libc.PPidFd, pidfd, info, Libc.WExited | Libc.WNoHang) < 0)
        {
            if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                return null;
            }
        }

        const int Exited = 1;
        var status = *(int*)(info + 24);
        return *(int*)(info + 8) == Exited ? status : 128 + status;
    }
}
