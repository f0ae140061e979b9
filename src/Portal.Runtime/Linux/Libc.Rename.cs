using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Renames that replace nothing.</summary>
internal static partial class Libc
{
    private const uint RenameNoReplace = 1;

    /// <summary>renameat2(2) with RENAME_NOREPLACE: EEXIST when there is something already. File systems of the network cannot; there it is looked at first.</summary>
    public static unsafe Errno RenameNewAt(SafeFileHandle fromDirectory, ReadOnlySpan<byte> from, SafeFileHandle toDirectory, ReadOnlySpan<byte> to)
    {
        using (var source = new Borrowed(fromDirectory))
        using (var target = new Borrowed(toDirectory))
        {
            fixed (byte* f = Terminated(from), t = Terminated(to))
            {
                var errno = Result(renameat2(source.Fd, f, target.Fd, t, RenameNoReplace));
                if (errno is not (Errno.EINVAL or Errno.ENOSYS))
                {
                    return errno;
                }
            }
        }

        return StatAt(toDirectory, to, out _) switch
        {
            Errno.ENOENT => RenameAt(fromDirectory, from, toDirectory, to),
            0 => Errno.EEXIST,
            var errno => errno,
        };
    }

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int renameat2(int fromDirectory, byte* from, int toDirectory, byte* to, uint flags);
}
