using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Mounts by descriptor (open_tree(2), move_mount(2), mount_setattr(2)) and mount namespaces of a single thread.</summary>
internal static partial class Libc
{
    private const long SyscallOpenTree = 428;
    private const long SyscallMoveMount = 429;
    private const long SyscallMountSetAttr = 442;
    private const uint OpenTreeClone = 1;
    private const uint OpenTreeCloseOnExec = 0x80000;
    private const uint AtRecursive = 0x8000;
    private const uint MoveMountFromEmptyPath = 0x04;
    private const uint MoveMountToEmptyPath = 0x40;
    private const ulong MountAttributeReadOnly = 1;
    private const int CloneFileSystem = 0x200;
    private const int CloneNewMounts = 0x20000;

    /// <summary>
    /// Moves the calling thread, and only it, into a mount namespace of its own that starts as a copy of the host's and shares
    /// nothing with it from then on. The thread must end afterwards.
    /// </summary>
    public static void EnterNewMountNamespace(string subject)
    {
        Check(() => UnshareCall(CloneFileSystem | CloneNewMounts), "unshare", subject);
        Mount("none", "/", null, MountFlags.Private | MountFlags.Recursive, null);
    }

    /// <summary>A handle of the calling thread's mount namespace: it and its mounts live as long as the handle.</summary>
    public static SafeFileHandle OpenOwnMountNamespace(string subject) =>
        new(Check(() => OpenCall("/proc/thread-self/ns/mnt", OpenReadOnlyCloexec), "open", subject), ownsHandle: true);

    /// <summary>A copy of what is at <paramref name="path"/>, with or without what is mounted below it, mounted nowhere yet.</summary>
    public static SafeFileHandle CloneMount(string path, bool recursive)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = CloneMount(AtCurrentDirectory, bytes, recursive, out var tree);
        return errno == 0 ? tree! : throw Failure("open_tree", bytes, errno);
    }

    /// <summary>Makes a mount that is mounted nowhere yet read-only, with all below it.</summary>
    public static unsafe Errno MakeReadOnly(SafeFileHandle tree)
    {
        using var at = new Borrowed(tree);
        // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
        var attributes = stackalloc ulong[4] { MountAttributeReadOnly, 0, 0, 0 };
        var empty = (byte)0;
        return Result((int)mount_setattr(SyscallMountSetAttr, at.Fd, &empty, AtEmptyPath | AtRecursive, attributes, 32));
    }

    /// <summary>Mounts <paramref name="tree"/> on the very file or folder that <paramref name="target"/> is a handle of.</summary>
    public static unsafe Errno MoveMount(SafeFileHandle tree, SafeFileHandle target)
    {
        using var from = new Borrowed(tree);
        using var to = new Borrowed(target);
        var empty = (byte)0;
        return Result((int)move_mount(SyscallMoveMount, from.Fd, &empty, to.Fd, &empty, MoveMountFromEmptyPath | MoveMountToEmptyPath));
    }

    /// <summary>
    /// Makes a mounted folder the root of the calling thread's namespace and drops every other mount of it, so that copies of
    /// foreign mounts keep nothing alive.
    /// </summary>
    public static void SwitchRoot(SafeFileHandle root, string subject)
    {
        using var at = new Borrowed(root);
        var fd = at.Fd;
        Check(() => fchdir(fd), "fchdir", subject);
        // "." twice puts the old root on top of the new one, from where it is detached (pivot_root(2), notes).
        Check(() => pivot_root(".", "."), "pivot_root", subject);
        Check(() => umount2(".", UnmountDetach), "umount", subject);
    }

    private static unsafe Errno CloneMount(int directory, ReadOnlySpan<byte> path, bool recursive, out SafeFileHandle? tree)
    {
        fixed (byte* p = Terminated(path))
        {
            var fd = open_tree(SyscallOpenTree, directory, p, OpenTreeClone | OpenTreeCloseOnExec | (recursive ? AtRecursive : 0));
            tree = fd < 0 ? null : new SafeFileHandle((nint)fd, ownsHandle: true);
            return fd < 0 ? LastError() : 0;
        }
    }

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long open_tree(long number, long directory, byte* path, uint flags);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long move_mount(long number, long fromDirectory, byte* from, long toDirectory, byte* to, uint flags);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long mount_setattr(long number, long directory, byte* path, uint flags, ulong* attributes, nuint size);

    [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int pivot_root(string root, string putOld);

    [LibraryImport(LibC, SetLastError = true)]
    private static partial int fchdir(int fd);
}
