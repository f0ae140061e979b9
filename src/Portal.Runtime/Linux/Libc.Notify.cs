using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Notices of changes to files: inotify(7).</summary>
internal static unsafe partial class Libc
{
    internal const int NotifyCloseOnExec = 0x80000;

    /// <summary>Written to, renamed, removed.</summary>
    internal const uint NotifyModify = 0x2, NotifyDeleteSelf = 0x400, NotifyMoveSelf = 0x800;

    /// <summary>The watch is over with its first event.</summary>
    internal const uint NotifyOneShot = 0x80000000;

    [LibraryImport(LibC, EntryPoint = "inotify_init1", SetLastError = true)]
    internal static partial int NotifyInit(int flags);

    [LibraryImport(LibC, EntryPoint = "inotify_add_watch", SetLastError = true)]
    internal static partial int NotifyAddWatch(int notify, byte* path, uint mask);

    [LibraryImport(LibC, EntryPoint = "inotify_rm_watch", SetLastError = true)]
    internal static partial int NotifyRemoveWatch(int notify, int watch);

    [LibraryImport(LibC, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int fd, byte* buffer, nuint size);
}
