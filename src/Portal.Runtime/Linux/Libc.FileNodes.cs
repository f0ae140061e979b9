using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// What a file is like, read and changed through a descriptor of that very file (also one opened with O_PATH). Whoever shares
/// the folder may swap the name for a link at any moment; the descriptor stays with what was looked at.
/// </summary>
internal static partial class Libc
{
    private const int LargestAttribute = 65536;

    /// <summary>A descriptor of a name itself, whatever it is, that neither reads nor writes it.</summary>
    public static Errno OpenNode(SafeFileHandle directory, ReadOnlySpan<byte> name, out SafeFileHandle? node) =>
        OpenAt(directory, name, OpenPath | OpenNoFollow, 0, out node);

    /// <summary>Opens what <paramref name="node"/> is, for reading or writing.</summary>
    public static Errno Reopen(SafeFileHandle node, int flags, out SafeFileHandle? file)
    {
        using var at = new Borrowed(node);
        return OpenAt(AtCurrentDirectory, PathOf(at.Fd), flags, 0, out file);
    }

    /// <summary>The kernel clears setuid bits and capabilities, so those are set after.</summary>
    public static Errno ChangeOwner(SafeFileHandle node, uint user, uint group) => ChangeOwnerAt(node, [], user, group);

    /// <summary>Not of symbolic links.</summary>
    public static unsafe Errno ChangeMode(SafeFileHandle node, uint mode)
    {
        using var at = new Borrowed(node);
        fixed (byte* path = Terminated(PathOf(at.Fd)))
        {
            return Result(fchmodat(AtCurrentDirectory, path, mode, 0));
        }
    }

    public static unsafe Errno SetTime(SafeFileHandle node, FileTime modified)
    {
        using var at = new Borrowed(node);
        var times = stackalloc long[4] { modified.Seconds, modified.Nanoseconds, modified.Seconds, modified.Nanoseconds };
        fixed (byte* path = Terminated(PathOf(at.Fd)))
        {
            return Result(utimensat(AtCurrentDirectory, path, times, 0));
        }
    }

    public static unsafe Errno SetAttribute(SafeFileHandle node, ReadOnlySpan<byte> attribute, ReadOnlySpan<byte> value)
    {
        using var at = new Borrowed(node);
        fixed (byte* path = Terminated(PathOf(at.Fd)), a = Terminated(attribute), v = value)
        {
            return Result(setxattr(path, a, v, (nuint)value.Length, 0));
        }
    }

    /// <summary>Value of an extended attribute of at most 64 KiB, or null.</summary>
    public static unsafe byte[]? GetAttribute(SafeFileHandle node, ReadOnlySpan<byte> attribute)
    {
        using var at = new Borrowed(node);
        var value = new byte[256];
        while (true)
        {
            fixed (byte* path = Terminated(PathOf(at.Fd)), a = Terminated(attribute), v = value)
            {
                var length = getxattr(path, a, v, (nuint)value.Length);
                if (length >= 0)
                {
                    return value[..(int)length];
                }
            }

            if (LastError() != Errno.ERANGE || value.Length >= LargestAttribute)
            {
                return null;
            }

            value = new byte[LargestAttribute];
        }
    }

    /// <summary>Names of the extended attributes; empty where the file system has none.</summary>
    public static unsafe IReadOnlyList<byte[]> ListAttributes(SafeFileHandle node)
    {
        using var at = new Borrowed(node);
        var path = Terminated(PathOf(at.Fd));
        var buffer = new byte[1024];
        nint length;
        fixed (byte* p = path)
        {
            fixed (byte* b = buffer)
            {
                length = listxattr(p, b, (nuint)buffer.Length);
            }

            if (length < 0 && LastError() == Errno.ERANGE)
            {
                buffer = new byte[LargestAttribute];
                fixed (byte* b = buffer)
                {
                    length = listxattr(p, b, (nuint)buffer.Length);
                }
            }
        }

        return length <= 0 ? [] : Split(buffer.AsSpan(0, (int)length));
    }

    /// <summary>Where a symbolic link leads, as bytes.</summary>
    public static unsafe Errno ReadLink(SafeFileHandle link, out byte[] target)
    {
        using var at = new Borrowed(link);
        var buffer = new byte[4096];
        var empty = (byte)0;
        fixed (byte* b = buffer)
        {
            var length = readlinkat(at.Fd, &empty, b, (nuint)buffer.Length);
            target = length < 0 ? [] : buffer[..(int)length];
            return length < 0 ? LastError() : 0;
        }
    }

    /// <summary>Kind of the file system a file is on (statfs(2), <c>f_type</c>).</summary>
    public static unsafe Errno FileSystemKind(SafeFileHandle node, out long kind)
    {
        using var at = new Borrowed(node);
        // struct statfs is 120 bytes on the machines this runs on, and begins with the type.
        var buffer = stackalloc long[32];
        var errno = Result(fstatfs(at.Fd, buffer));
        kind = errno == 0 ? buffer[0] : 0;
        return errno;
    }

    private static byte[] PathOf(int fd) => Encoding.ASCII.GetBytes($"/proc/self/fd/{fd}");

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int setxattr(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial nint getxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial nint listxattr(byte* path, byte* names, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial nint readlinkat(int dirfd, byte* path, byte* target, nuint size);
}
