using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Type bits of a file's mode (inode(7)).</summary>
internal enum FileKind
{
    Fifo = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}

/// <summary>What the runtime wants to know of a file.</summary>
/// <param name="Kind">Type.</param>
/// <param name="Mode">Permission bits, 07777.</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
/// <param name="Size">Bytes.</param>
/// <param name="DeviceMajor">Of a device node.</param>
/// <param name="DeviceMinor">Of a device node.</param>
/// <param name="Links">Number of names.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="Modified">Time of the last change of content.</param>
/// <param name="IsMountRoot">A file system is mounted here.</param>
/// <param name="FileSystem">Number of the file system it is on; with the inode it names a file.</param>
/// <param name="MountId">The mount it was reached through; 0 before Linux 5.8.</param>
internal readonly record struct FileFacts(
    FileKind Kind, uint Mode, uint UserId, uint GroupId, long Size, uint DeviceMajor, uint DeviceMinor, uint Links, ulong Inode, FileTime Modified, bool IsMountRoot,
    ulong FileSystem, ulong MountId)
{
    /// <summary>The character device 0:0 that overlayfs reads as "deleted here".</summary>
    public bool IsWhiteout => Kind == FileKind.CharacterDevice && DeviceMajor == 0 && DeviceMinor == 0;
}

/// <param name="Seconds">Since 1970, may be negative.</param>
/// <param name="Nanoseconds">0 to 999,999,999.</param>
internal readonly record struct FileTime(long Seconds, long Nanoseconds);

/// <summary>
/// Files by directory handle and name. Names and paths are bytes, because file names are: nothing is lost between an
/// archive and the disk. Every call answers 0 or the error number; who calls decides what is a failure.
/// </summary>
internal static partial class Libc
{
    public const int OpenReadOnly = 0;
    public const int OpenWriteOnly = 1;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 0x40;
    public const int OpenExclusive = 0x80;
    public const int OpenNonBlock = 0x800;
    public const int OpenCloseOnExec = 0x80000;
    public const int OpenPath = 0x200000;

    private const int AtSymlinkNoFollow = 0x100;
    private const int AtEmptyPath = 0x1000;
    private const int AtRemoveDirectory = 0x200;
    private const int AtCurrentDirectory = -100;
    private const long SyscallOpenAt2 = 437;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const ulong ResolveNoSymlinks = 0x04;
    private const ulong ResolveBeneath = 0x08;
    private const ulong ResolveInRoot = 0x10;
    private const ulong StatxAttributeMountRoot = 0x2000;
    private const uint StatxBasic = 0x7ff;
    private const uint StatxMountId = 0x1000;

    // These two differ between the generic ABI and arm (asm/fcntl.h).
    public static readonly int OpenDirectory = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;
    public static readonly int OpenNoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    public static LinuxException Failure(string call, ReadOnlySpan<byte> subject, Errno errno) => new(call, Encoding.UTF8.GetString(subject), errno);

    public static Errno Open(ReadOnlySpan<byte> path, int flags, uint mode, out SafeFileHandle? handle) =>
        OpenAt(AtCurrentDirectory, path, flags, mode, out handle);

    public static Errno OpenAt(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags, uint mode, out SafeFileHandle? handle)
    {
        using var at = new Borrowed(directory);
        return OpenAt(at.Fd, name, flags, mode, out handle);
    }

    /// <summary>openat2(2) with RESOLVE_IN_ROOT: no symbolic link and no ".." on the way leads out of <paramref name="root"/>.</summary>
    public static Errno OpenInRoot(SafeFileHandle root, ReadOnlySpan<byte> path, int flags, bool followLinks, out SafeFileHandle? handle) =>
        OpenResolved(root, path, flags, ResolveInRoot | ResolveNoMagicLinks | (followLinks ? 0 : ResolveNoSymlinks), out handle);

    /// <summary>openat2(2) with RESOLVE_BENEATH: a symbolic link or ".." that leads out of <paramref name="folder"/> is EXDEV.</summary>
    public static Errno OpenBeneath(SafeFileHandle folder, ReadOnlySpan<byte> path, int flags, out SafeFileHandle? handle) =>
        OpenResolved(folder, path, flags, ResolveBeneath | ResolveNoMagicLinks, out handle);

    private static unsafe Errno OpenResolved(SafeFileHandle root, ReadOnlySpan<byte> path, int flags, ulong resolve, out SafeFileHandle? handle)
    {
        using var at = new Borrowed(root);
        var how = stackalloc ulong[3] { (uint)(flags | OpenCloseOnExec), 0, resolve };
        fixed (byte* name = Terminated(path))
        {
            // EAGAIN: a rename elsewhere raced with a ".." step and the kernel could not prove the walk safe.
            for (var attempt = 0; ; attempt++)
            {
                var fd = openat2(SyscallOpenAt2, at.Fd, name, how, 24);
                if (fd >= 0)
                {
                    handle = new SafeFileHandle((nint)fd, ownsHandle: true);
                    return 0;
                }

                var errno = LastError();
                if (errno != Errno.EINTR && (errno != Errno.EAGAIN || attempt > 100))
                {
                    handle = null;
                    return errno;
                }
            }
        }
    }

    public static unsafe Errno MakeDirectoryAt(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode)
    {
        using var at = new Borrowed(directory);
        fixed (byte* n = Terminated(name))
        {
            return Result(mkdirat(at.Fd, n, mode));
        }
    }

    public static unsafe Errno MakeNodeAt(SafeFileHandle directory, ReadOnlySpan<byte> name, FileKind kind, uint mode, uint major, uint minor)
    {
        using var at = new Borrowed(directory);
        var device = (minor & 0xff) | ((ulong)(major & 0xfff) << 8) | ((ulong)(minor & ~0xffu) << 12) | ((ulong)(major & ~0xfffu) << 32);
        fixed (byte* n = Terminated(name))
        {
            return Result(mknodat(at.Fd, n, (uint)kind | mode, device));
        }
    }

    public static unsafe Errno MakeSymlinkAt(SafeFileHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        using var at = new Borrowed(directory);
        fixed (byte* n = Terminated(name), t = Terminated(target))
        {
            return Result(symlinkat(t, at.Fd, n));
        }
    }

    /// <summary>A second name for a file; a symbolic link is linked itself, not followed.</summary>
    public static unsafe Errno LinkAt(SafeFileHandle fromDirectory, ReadOnlySpan<byte> from, SafeFileHandle toDirectory, ReadOnlySpan<byte> to)
    {
        using var source = new Borrowed(fromDirectory);
        using var target = new Borrowed(toDirectory);
        fixed (byte* f = Terminated(from), t = Terminated(to))
        {
            return Result(linkat(source.Fd, f, target.Fd, t, 0));
        }
    }

    /// <summary>A second name for a file, by path.</summary>
    public static unsafe Errno Link(string from, string to)
    {
        fixed (byte* f = Terminated(Encoding.UTF8.GetBytes(from)), t = Terminated(Encoding.UTF8.GetBytes(to)))
        {
            return Result(linkat(AtCurrentDirectory, f, AtCurrentDirectory, t, 0));
        }
    }

    public static unsafe Errno RenameAt(SafeFileHandle fromDirectory, ReadOnlySpan<byte> from, SafeFileHandle toDirectory, ReadOnlySpan<byte> to)
    {
        using var source = new Borrowed(fromDirectory);
        using var target = new Borrowed(toDirectory);
        fixed (byte* f = Terminated(from), t = Terminated(to))
        {
            return Result(renameat(source.Fd, f, target.Fd, t));
        }
    }

    public static unsafe Errno UnlinkAt(SafeFileHandle directory, ReadOnlySpan<byte> name, bool isDirectory)
    {
        using var at = new Borrowed(directory);
        fixed (byte* n = Terminated(name))
        {
            return Result(unlinkat(at.Fd, n, isDirectory ? AtRemoveDirectory : 0));
        }
    }

    /// <summary>rmdir(2): also of a cgroup, whose files do not count.</summary>
    public static unsafe Errno RemoveDirectory(string path)
    {
        fixed (byte* p = Terminated(Encoding.UTF8.GetBytes(path)))
        {
            return Result(unlinkat(AtCurrentDirectory, p, AtRemoveDirectory));
        }
    }

    /// <summary>Changes owner and group of the name itself. The kernel clears setuid bits, so the mode is set after.</summary>
    public static unsafe Errno ChangeOwnerAt(SafeFileHandle directory, ReadOnlySpan<byte> name, uint user, uint group)
    {
        using var at = new Borrowed(directory);
        fixed (byte* n = Terminated(name))
        {
            return Result(fchownat(at.Fd, n, user, group, AtSymlinkNoFollow | AtEmptyPath));
        }
    }

    /// <summary>Follows a symbolic link: call it only on what was just seen not to be one.</summary>
    public static unsafe Errno ChangeModeAt(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode)
    {
        using var at = new Borrowed(directory);
        fixed (byte* n = Terminated(name))
        {
            return Result(fchmodat(at.Fd, n, mode, 0));
        }
    }

    public static unsafe Errno SetTimeAt(SafeFileHandle directory, ReadOnlySpan<byte> name, FileTime modified)
    {
        using var at = new Borrowed(directory);
        var times = stackalloc long[4] { modified.Seconds, modified.Nanoseconds, modified.Seconds, modified.Nanoseconds };
        fixed (byte* n = Terminated(name))
        {
            return Result(utimensat(at.Fd, n, times, AtSymlinkNoFollow));
        }
    }

    /// <summary>
    /// Sets an extended attribute of a name itself. The path through /proc ends in the directory handle, so that only the
    /// last component is looked up, and lsetxattr does not follow that one.
    /// </summary>
    public static unsafe Errno SetAttributeAt(SafeFileHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute, ReadOnlySpan<byte> value)
    {
        using var at = new Borrowed(directory);
        byte[] path = [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{at.Fd}/"), .. name, 0];
        fixed (byte* p = path, a = Terminated(attribute), v = value)
        {
            return Result(lsetxattr(p, a, v, (nuint)value.Length, 0));
        }
    }

    /// <summary>Value of an extended attribute of at most 64 KiB, or null.</summary>
    public static unsafe byte[]? GetAttributeAt(SafeFileHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute)
    {
        using var at = new Borrowed(directory);
        byte[] path = [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{at.Fd}/"), .. name, 0];
        var value = new byte[256];
        while (true)
        {
            fixed (byte* p = path, a = Terminated(attribute), v = value)
            {
                var length = lgetxattr(p, a, v, (nuint)value.Length);
                if (length >= 0)
                {
                    return value[..(int)length];
                }
            }

            if (LastError() != Errno.ERANGE || value.Length >= 65536)
            {
                return null;
            }

            value = new byte[65536];
        }
    }

    /// <summary>Facts about a name itself; an empty name means the directory.</summary>
    public static unsafe Errno StatAt(SafeFileHandle directory, ReadOnlySpan<byte> name, out FileFacts facts)
    {
        using var at = new Borrowed(directory);
        return Stat(at.Fd, name, AtSymlinkNoFollow | AtEmptyPath, out facts);
    }

    /// <summary>Facts about a path; the last component is not followed.</summary>
    public static Errno Stat(string path, out FileFacts facts) => Stat(AtCurrentDirectory, Encoding.UTF8.GetBytes(path), AtSymlinkNoFollow | AtEmptyPath, out facts);

    /// <summary>Facts about what a path leads to, through every link.</summary>
    public static Errno StatTarget(string path, out FileFacts facts) => Stat(AtCurrentDirectory, Encoding.UTF8.GetBytes(path), 0, out facts);

    /// <summary>Names in a directory with their kind (0 where the file system does not say), without "." and "..".</summary>
    public static unsafe Errno ReadDirectory(SafeFileHandle directory, List<(byte[] Name, FileKind Kind)> entries)
    {
        using var at = new Borrowed(directory);
        Span<byte> buffer = stackalloc byte[32768];
        fixed (byte* b = buffer)
        {
            while (true)
            {
                var length = getdents64(at.Fd, b, (nuint)buffer.Length);
                if (length <= 0)
                {
                    return length == 0 ? 0 : LastError();
                }

                // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name
                for (var offset = 0; offset < length; offset += *(ushort*)(b + offset + 16))
                {
                    var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(b + offset + 19);
                    if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    {
                        entries.Add((name.ToArray(), (FileKind)(b[offset + 18] << 12)));
                    }
                }
            }
        }
    }

    public static Errno Sync(SafeFileHandle file)
    {
        using var at = new Borrowed(file);
        return Result(fsync(at.Fd));
    }

    /// <summary>Writes everything of the file system that holds <paramref name="file"/> to the disk.</summary>
    public static Errno SyncFileSystem(SafeFileHandle file)
    {
        using var at = new Borrowed(file);
        return Result(syncfs(at.Fd));
    }

    /// <summary>Has the kernel begin to write a part of a file to the disk, without waiting for it. Where it cannot, it does so later.</summary>
    public static void StartWriting(SafeFileHandle file, long offset, long length)
    {
        const uint Write = 2;
        using var at = new Borrowed(file);
        _ = sync_file_range(at.Fd, offset, length, Write);
    }

    /// <summary>Makes renames and new names in a directory durable.</summary>
    public static void SyncDirectory(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Open(bytes, OpenReadOnly | OpenDirectory, 0, out var handle);
        using (handle)
        {
            errno = errno == 0 ? Sync(handle!) : errno;
        }

        if (errno != 0)
        {
            throw Failure("fsync", bytes, errno);
        }
    }

    private static unsafe Errno OpenAt(int directory, ReadOnlySpan<byte> name, int flags, uint mode, out SafeFileHandle? handle)
    {
        fixed (byte* n = Terminated(name))
        {
            while (true)
            {
                var fd = openat(directory, n, flags | OpenCloseOnExec, mode);
                if (fd >= 0)
                {
                    handle = new SafeFileHandle(fd, ownsHandle: true);
                    return 0;
                }

                var errno = LastError();
                if (errno != Errno.EINTR)
                {
                    handle = null;
                    return errno;
                }
            }
        }
    }

    private static unsafe Errno Stat(int directory, ReadOnlySpan<byte> name, int flags, out FileFacts facts)
    {
        StatxBuffer s;
        fixed (byte* n = Terminated(name))
        {
            var errno = Result(statx(directory, n, flags, StatxBasic | StatxMountId, &s));
            facts = errno != 0 ? default : new FileFacts(
                (FileKind)(s.Mode & 0xF000), (uint)(s.Mode & 0xFFF), s.UserId, s.GroupId, (long)s.Size, s.DeviceMajor, s.DeviceMinor, s.Links, s.Inode,
                new FileTime(s.ModifiedSeconds, s.ModifiedNanoseconds), (s.Attributes & StatxAttributeMountRoot) != 0,
                ((ulong)s.FileSystemMajor << 32) | s.FileSystemMinor, (s.Mask & StatxMountId) != 0 ? s.MountId : 0);
            return errno;
        }
    }

    private static byte[] Terminated(ReadOnlySpan<byte> text)
    {
        var copy = new byte[text.Length + 1];
        text.CopyTo(copy);
        return copy;
    }

    private static Errno Result(int rc) => rc < 0 ? LastError() : 0;

    private static Errno LastError() => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>Keeps a handle from being closed while its number is in a system call.</summary>
    private ref struct Borrowed
    {
        private readonly SafeFileHandle _handle;
        private readonly bool _added;

        public Borrowed(SafeFileHandle handle)
        {
            _handle = handle;
            handle.DangerousAddRef(ref _added);
            Fd = (int)handle.DangerousGetHandle();
        }

        public int Fd { get; }

        public readonly void Dispose()
        {
            if (_added)
            {
                _handle.DangerousRelease();
            }
        }
    }

    /// <summary>struct statx, as far as it is read (linux/stat.h).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxBuffer
    {
        [FieldOffset(0)] public uint Mask;
        [FieldOffset(8)] public ulong Attributes;
        [FieldOffset(16)] public uint Links;
        [FieldOffset(20)] public uint UserId;
        [FieldOffset(24)] public uint GroupId;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
        [FieldOffset(128)] public uint DeviceMajor;
        [FieldOffset(132)] public uint DeviceMinor;
        [FieldOffset(136)] public uint FileSystemMajor;
        [FieldOffset(140)] public uint FileSystemMinor;
        [FieldOffset(144)] public ulong MountId;
    }

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int openat(int dirfd, byte* path, int flags, uint mode);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long openat2(long number, long dirfd, byte* path, ulong* how, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int mkdirat(int dirfd, byte* path, uint mode);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int mknodat(int dirfd, byte* path, uint mode, ulong dev);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int symlinkat(byte* target, int dirfd, byte* path);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int linkat(int oldfd, byte* oldpath, int newfd, byte* newpath, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int renameat(int oldfd, byte* oldpath, int newfd, byte* newpath);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int unlinkat(int dirfd, byte* path, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int fchownat(int dirfd, byte* path, uint owner, uint group, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int fchmodat(int dirfd, byte* path, uint mode, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int utimensat(int dirfd, byte* path, long* times, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int lsetxattr(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial nint lgetxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int statx(int dirfd, byte* path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial nint getdents64(int fd, byte* buffer, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    private static partial int fsync(int fd);

    [LibraryImport(LibC, SetLastError = true)]
    private static partial int syncfs(int fd);

    [LibraryImport(LibC, SetLastError = true)]
    private static partial int sync_file_range(int fd, long offset, long count, uint flags);
}
