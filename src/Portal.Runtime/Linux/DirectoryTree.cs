using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Deletes trees that untrusted programs made: any bytes in names, any depth, any modes, no link followed.</summary>
internal static class DirectoryTree
{
    // Handles open at once; what lies deeper is moved up to the top of the tree first.
    private const int MaximumDepth = 200;

    /// <summary>Deletes a file, or a directory with all that is in it. Absent is success. Refuses to enter other mounts.</summary>
    /// <exception cref="LinuxException">Something could not be deleted.</exception>
    public static void Delete(string path)
    {
        var parentPath = Encoding.UTF8.GetBytes(Path.GetDirectoryName(path)!);
        var errno = Libc.Open(parentPath, Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var parent);
        if (errno == Errno.ENOENT)
        {
            return;
        }

        using (parent)
        {
            DeleteAt(errno == 0 ? parent! : throw Libc.Failure("open", parentPath, errno), Encoding.UTF8.GetBytes(Path.GetFileName(path)));
        }
    }

    /// <summary>Deletes the name in <paramref name="parent"/>, whatever it is. Absent is success.</summary>
    public static void DeleteAt(SafeFileHandle parent, ReadOnlySpan<byte> name)
    {
        var errno = Libc.UnlinkAt(parent, name, isDirectory: false);
        if (errno is 0 or Errno.ENOENT)
        {
            return;
        }

        if (errno is not (Errno.EISDIR or Errno.EPERM))
        {
            throw Libc.Failure("unlink", name, errno);
        }

        int moved;
        do
        {
            // Opened anew for each round: a handle lists its directory once.
            using var top = OpenDirectory(parent, name);
            moved = 0;
            Empty(top, top, 0, ref moved);
        }
        while (moved > 0);

        Check(Libc.UnlinkAt(parent, name, isDirectory: true), "rmdir", name);
    }

    private static void Empty(SafeFileHandle directory, SafeFileHandle top, int depth, ref int moved)
    {
        var entries = new List<(byte[] Name, FileKind Kind)>();
        Check(Libc.ReadDirectory(directory, entries), "getdents", "a directory"u8);
        foreach (var (name, kind) in entries)
        {
            var isDirectory = kind == FileKind.Directory || (kind == 0 && Libc.StatAt(directory, name, out var facts) == 0 && facts.Kind == FileKind.Directory);
            if (isDirectory && depth >= MaximumDepth)
            {
                Check(Libc.RenameAt(directory, name, top, Encoding.ASCII.GetBytes($".deep-{Guid.NewGuid():n}")), "rename", name);
                moved++;
                continue;
            }

            if (isDirectory && Libc.UnlinkAt(directory, name, isDirectory: true) != 0)
            {
                using var child = OpenDirectory(directory, name);
                Empty(child, top, depth + 1, ref moved);
                Check(Libc.UnlinkAt(directory, name, isDirectory: true), "rmdir", name);
            }
            else if (!isDirectory)
            {
                Check(Libc.UnlinkAt(directory, name, isDirectory: false), "unlink", name);
            }
        }
    }

    private static SafeFileHandle OpenDirectory(SafeFileHandle parent, ReadOnlySpan<byte> name)
    {
        Check(Libc.StatAt(parent, name, out var facts), "stat", name);
        if (facts.IsMountRoot)
        {
            throw Libc.Failure("rmdir", name, Errno.EBUSY);
        }

        var flags = Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow;
        var errno = Libc.OpenAt(parent, name, flags, 0, out var handle);
        if (errno == Errno.EACCES && Libc.OpenNode(parent, name, out var node) == 0)
        {
            using (node)
            {
                // Through a handle: by its name, a link put there meanwhile would be followed.
                errno = Libc.StatAt(node!, [], out facts) == 0 && facts.Kind == FileKind.Directory && Libc.ChangeMode(node!, 0x1C0) == 0
                    ? Libc.OpenAt(parent, name, flags, 0, out handle)
                    : Errno.EACCES;
            }
        }

        Check(errno, "open", name);
        return handle!;
    }

    private static void Check(Errno errno, string call, ReadOnlySpan<byte> subject)
    {
        if (errno is not (0 or Errno.ENOENT))
        {
            throw Libc.Failure(call, subject, errno);
        }
    }
}
