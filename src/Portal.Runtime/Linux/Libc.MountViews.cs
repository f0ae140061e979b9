using Microsoft.Win32.SafeHandles;
using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Mount tables that only a handle keeps, with mounts placed by descriptor.</summary>
internal static partial class Libc
{
    private const uint MoveMountToEmptyPath = 0x40;
    private const ulong MountAttributeReadOnly = 1;

    /// <summary>A handle of the calling thread's mount namespace: it and its mounts live as long as the handle.</summary>
    public static SafeFileHandle OpenOwnMountNamespace(string subject) =>
        new(Check(() => OpenCall("/proc/thread-self/ns/mnt", OpenReadOnlyCloexec), "open", subject), ownsHandle: true);

    /// <summary>Makes a mount that is not attached anywhere read-only, with all below it.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static unsafe void MakeReadOnly(SafeFileHandle tree, string subject)
    {
        using var at = new Borrowed(tree);
        // struct mount_attr: set, clear, propagation, userns_fd.
        var attributes = stackalloc ulong[4] { MountAttributeReadOnly, 0, 0, 0 };
        byte empty = 0;
        if (mount_setattr(SyscallMountSetAttribute, at.Fd, &empty, AtEmptyPath | AtRecursive, attributes, 32) < 0)
        {
            throw new LinuxException("mount_setattr", subject, LastError());
        }
    }

    /// <summary>Attaches a mount at the very file or folder that <paramref name="target"/> is a descriptor of.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static unsafe void AttachTree(SafeFileHandle tree, SafeFileHandle target, string subject)
    {
        using var from = new Borrowed(tree);
        using var to = new Borrowed(target);
        byte empty = 0;
        if (move_mount(SyscallMoveMount, from.Fd, &empty, to.Fd, &empty, MoveMountFromEmptyPath | MoveMountToEmptyPath) < 0)
        {
            throw new LinuxException("move_mount", subject, LastError());
        }
    }

    /// <summary>
    /// Makes a mounted folder the root of the calling thread's namespace and drops every other mount of it, so that copies of
    /// foreign mounts keep nothing alive.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void SwitchRoot(SafeFileHandle root, string subject)
    {
        using var at = new Borrowed(root);
        var fd = at.Fd;
        Check(() => fchdir(fd), "fchdir", subject);
        // "." twice puts the old root on top of the new one, from where it is detached (pivot_root(2), notes).
        Check(() => pivot_root(".", "."), "pivot_root", subject);
        Check(() => umount2(".", UnmountDetach), "umount", subject);
    }

    [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int pivot_root(string root, string putOld);

    [LibraryImport(LibC, SetLastError = true)]
    private static partial int fchdir(int fd);
}
