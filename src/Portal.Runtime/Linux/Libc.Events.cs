using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Counters that the kernel raises: eventfd(2).</summary>
internal static partial class Libc
{
    internal const int EventCloseOnExec = 0x80000, EventNonBlock = 0x800;

    [LibraryImport(LibC, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFd(uint initial, int flags);
}
