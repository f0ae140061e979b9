using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Files in memory that nobody can change any more (memfd_create(2)).</summary>
internal static unsafe class SealedFile
{
    /// <summary>A sealed copy of a program, which can be started through /proc; null when this kernel gives none.</summary>
    public static SafeFileHandle? TryCopy(string path)
    {
        var name = "program\0"u8;
        int fd;
        fixed (byte* n = name)
        {
            fd = Libc.MemfdCreate(n, Libc.MemfdCloseOnExec | Libc.MemfdAllowSealing | Libc.MemfdExecutable);
            if (fd < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINVAL)
            {
                // Before Linux 6.3 every one was executable.
                fd = Libc.MemfdCreate(n, Libc.MemfdCloseOnExec | Libc.MemfdAllowSealing);
            }
        }

        if (fd < 0)
        {
            return null;
        }

        var copy = new SafeFileHandle(fd, ownsHandle: true);
        RandomAccess.Write(copy, File.ReadAllBytes(path), 0);
        if (Libc.FcntlDup(fd, Libc.FAddSeals, Libc.SealAll) < 0)
        {
            copy.Dispose();
            return null;
        }

        return copy;
    }
}
