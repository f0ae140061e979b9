using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Notices of the kernel: eventfd(2), inotify(7).</summary>
internal static unsafe partial class Libc
{
    /// <summary>EFD_CLOEXEC and EFD_NONBLOCK, IN_CLOEXEC and IN_NONBLOCK: the same numbers.</summary>
    internal const int NoticeFlags = 0x80000 | 0x800;

    /// <summary>The file's content changed; the file was watched and is gone.</summary>
    internal const uint InModify = 0x2, InIgnored = 0x8000;

    [LibraryImport(LibC, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFd(uint initial, int flags);

    [LibraryImport(LibC, EntryPoint = "inotify_init1", SetLastError = true)]
    internal static partial int InotifyInit(int flags);

    [LibraryImport(LibC, EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int InotifyAddWatch(int fd, string path, uint mask);

    [LibraryImport(LibC, EntryPoint = "inotify_rm_watch", SetLastError = true)]
    internal static partial int InotifyRemoveWatch(int fd, int watch);
}
