using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Flags of mount(2).</summary>
[Flags]
internal enum MountFlags : ulong
{
    None = 0,
    ReadOnly = 1,
    NoSuid = 2,
    NoDev = 4,
    NoExec = 8,
    Synchronous = 16,
    Remount = 32,
    MandatoryLocks = 64,
    SynchronousDirectories = 128,
    NoAccessTime = 1024,
    NoDirectoryAccessTime = 2048,
    Bind = 4096,
    Recursive = 16384,
    Unbindable = 1 << 17,
    Private = 1 << 18,
    Slave = 1 << 19,
    Shared = 1 << 20,
    RelativeAccessTime = 1 << 21,
    StrictAccessTime = 1 << 24,
}

internal static partial class Libc
{
    private const int UnmountDetach = 2;
    private const int UnmountNoFollow = 8;

    /// <summary>mount(2).</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Mount(string source, string target, string? type, MountFlags flags, string? data)
    {
        if (mount(source, target, type, flags, data) < 0)
        {
            throw new LinuxException("mount", target, LastError());
        }
    }

    /// <summary>
    /// Unmounts everything that is stacked on <paramref name="target"/>. A busy mount is detached: it vanishes from the
    /// tree now and goes when its last user does. Not mounted, or no such path, is success.
    /// </summary>
    /// <exception cref="LinuxException">Unmounting failed.</exception>
    public static void Unmount(string target)
    {
        var flags = UnmountNoFollow;
        while (true)
        {
            if (umount2(target, flags) == 0)
            {
                continue;
            }

            switch (LastError())
            {
                case Errno.EINVAL or Errno.ENOENT:
                    return;
                case Errno.EINTR:
                    break;
                case Errno.EBUSY when (flags & UnmountDetach) == 0:
                    flags |= UnmountDetach;
                    break;
                case var errno:
                    throw new LinuxException("umount", target, errno);
            }
        }
    }

    [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string? type, MountFlags flags, string? data);

    [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
