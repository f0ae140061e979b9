using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>What a file system is mounted with (statfs(2)).</summary>
[Flags]
internal enum FileSystemFlags : ulong
{
    None = 0,
    ReadOnly = 1,
    NoSuid = 2,
    NoDev = 4,
    NoExec = 8,
    NoAccessTime = 1024,
    NoDirectoryAccessTime = 2048,
    RelativeAccessTime = 4096,
}

/// <summary>
/// Mounts as descriptors (open_tree(2), mount_setattr(2), move_mount(2)): one that is not attached anywhere vanishes with its
/// last descriptor, so a process that dies half way leaves nothing.
/// </summary>
internal static partial class Libc
{
    private const long SyscallOpenTree = 428, SyscallMoveMount = 429, SyscallMountSetAttribute = 442, SyscallFsOpen = 430, SyscallFsConfig = 431, SyscallFsMount = 432;
    private const long FsOpenCloseOnExec = 1, FsMountCloseOnExec = 1, FsConfigCreate = 6;
    private const uint OpenTreeClone = 1, AtRecursive = 0x8000, MoveMountFromEmptyPath = 4;
    private const ulong MountAttributeIdMap = 0x00100000;
    private const long ProcMagic = 0x9fa0;

    /// <summary>A copy of what is mounted at a file or folder, not attached anywhere.</summary>
    /// <param name="source">The file or folder.</param>
    /// <param name="recursive">With what is mounted below.</param>
    /// <param name="subject">As errors name it.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static unsafe SafeFileHandle CloneTree(SafeFileHandle source, bool recursive, string subject)
    {
        using var at = new Borrowed(source);
        byte empty = 0;
        var fd = open_tree(SyscallOpenTree, at.Fd, &empty, OpenTreeClone | OpenCloseOnExec | AtEmptyPath | (recursive ? AtRecursive : 0));
        return fd >= 0 ? new((nint)fd, ownsHandle: true) : throw new LinuxException("open_tree", subject, LastError());
    }

    /// <summary>Shows the owners of all files of a mount as they are in a user namespace. Only before it is attached.</summary>
    /// <exception cref="LinuxException">EINVAL: its file system cannot.</exception>
    public static unsafe void MapOwners(SafeFileHandle tree, SafeFileHandle userNamespace, string subject)
    {
        using var at = new Borrowed(tree);
        using var ids = new Borrowed(userNamespace);
        byte empty = 0;

        // struct mount_attr: set, clear, propagation, userns_fd.
        var attributes = stackalloc ulong[4] { MountAttributeIdMap, 0, 0, (ulong)ids.Fd };
        if (mount_setattr(SyscallMountSetAttribute, at.Fd, &empty, AtEmptyPath, attributes, 32) < 0)
        {
            throw new LinuxException("mount_setattr", subject, LastError());
        }
    }

    /// <summary>Attaches a mount at a file or folder, whose last component is not followed if it is a link.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static unsafe void AttachTree(SafeFileHandle tree, string target)
    {
        using var at = new Borrowed(tree);
        byte empty = 0;
        fixed (byte* to = Terminated(Encoding.UTF8.GetBytes(target)))
        {
            if (move_mount(SyscallMoveMount, at.Fd, &empty, AtCurrentDirectory, to, MoveMountFromEmptyPath) < 0)
            {
                throw new LinuxException("move_mount", target, LastError());
            }
        }
    }

    /// <summary>A new tmpfs that is not attached anywhere. 0, or why there is none.</summary>
    public static unsafe Errno MakeTmpfs(out SafeFileHandle? root)
    {
        root = null;
        fixed (byte* type = "tmpfs\0"u8)
        {
            var context = fsopen(SyscallFsOpen, type, FsOpenCloseOnExec);
            if (context < 0)
            {
                return LastError();
            }

            using var held = new SafeFileHandle((nint)context, ownsHandle: true);
            if (fsconfig(SyscallFsConfig, context, FsConfigCreate, null, null, 0) < 0)
            {
                return LastError();
            }

            var fd = fsmount(SyscallFsMount, context, FsMountCloseOnExec, 0);
            if (fd < 0)
            {
                return LastError();
            }

            root = new((nint)fd, ownsHandle: true);
            return 0;
        }
    }

    /// <summary>What the file system of a file is mounted with, and whether it is proc.</summary>
    public static unsafe (FileSystemFlags Flags, bool IsProc) FileSystemOf(SafeFileHandle file, string subject)
    {
        using var at = new Borrowed(file);

        // struct statfs of 64-bit Linux: type at 0, flags at 80.
        var buffer = stackalloc long[16];
        return fstatfs(at.Fd, buffer) == 0 ? ((FileSystemFlags)buffer[10], buffer[0] == ProcMagic) : throw new LinuxException("fstatfs", subject, LastError());
    }

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long open_tree(long number, long dirfd, byte* path, long flags);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long move_mount(long number, long fromDirfd, byte* fromPath, long toDirfd, byte* toPath, long flags);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long mount_setattr(long number, long dirfd, byte* path, long flags, ulong* attributes, nuint size);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long fsopen(long number, byte* type, long flags);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long fsconfig(long number, long fd, long command, byte* key, byte* value, long auxiliary);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long fsmount(long number, long fd, long flags, long attributes);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int fstatfs(int fd, long* buffer);
}
