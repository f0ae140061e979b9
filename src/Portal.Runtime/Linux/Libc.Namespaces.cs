using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Network namespaces and the bind mounts that keep them alive without a process.</summary>
internal static partial class Libc
{
    private const int CloneNewNet = 0x40000000;
    private const int OpenReadOnlyCloexec = 0x80000;
    private const ulong BindMountFlag = 0x1000;
    private const ulong RecursiveMountFlag = 0x4000;
    private const ulong SharedMountFlag = 0x100000;
    private const int DetachFlag = 2;
    private const int NoFollowFlag = 8;

    /// <summary>
    /// Moves the calling thread, and only it, into a new network namespace. The thread must end afterwards: nothing that
    /// expects the host's network may ever run on it.
    /// </summary>
    public static void EnterNewNetworkNamespace(string subject) => Check(() => UnshareCall(CloneNewNet), "unshare", subject);

    /// <summary>The same with a namespace that is there.</summary>
    public static void EnterNetworkNamespace(SafeFileHandle handle, string subject)
    {
        using var borrowed = new Borrowed(handle);
        var fd = borrowed.Fd;
        Check(() => SetNamespaceCall(fd, CloneNewNet), "setns", subject);
    }

    /// <summary>A handle of the calling thread's network namespace.</summary>
    public static SafeFileHandle OpenOwnNetworkNamespace(string subject) =>
        new(Check(() => OpenCall("/proc/thread-self/ns/net", OpenReadOnlyCloexec), "open", subject), ownsHandle: true);

    /// <summary>Keeps the calling thread's network namespace alive under an existing file.</summary>
    public static void PinOwnNetworkNamespace(string path) =>
        Check(() => MountCall("/proc/thread-self/ns/net", path, "none", BindMountFlag, 0), "mount", path);

    /// <summary>
    /// Makes the directory a shared mount of its own, as <c>ip netns</c> does: what is unmounted below it here is
    /// unmounted in every copy of the mount tree too, or a foreign copy would keep namespaces alive.
    /// </summary>
    public static void MakeNamespaceDirectory(string path)
    {
        if (MountCall("", path, "none", SharedMountFlag | RecursiveMountFlag, 0) == 0)
        {
            return;
        }

        // EINVAL: not a mount point yet.
        Check(() => MountCall(path, path, "none", BindMountFlag | RecursiveMountFlag, 0), "mount", path);
        Check(() => MountCall("", path, "none", SharedMountFlag | RecursiveMountFlag, 0), "mount", path);
    }

    /// <summary>Unmounts whatever is on top of the path; false when nothing is mounted there.</summary>
    public static bool UnmountNamespace(string path)
    {
        if (UnmountCall(path, DetachFlag | NoFollowFlag) == 0)
        {
            return true;
        }

        var errno = (Errno)Marshal.GetLastPInvokeError();
        return errno is Errno.EINVAL or Errno.ENOENT ? false : throw new LinuxException("umount2", path, errno);
    }

    [LibraryImport(LibC, EntryPoint = "unshare", SetLastError = true)]
    private static partial int UnshareCall(int flags);

    [LibraryImport(LibC, EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespaceCall(int fd, int kind);

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);

    [LibraryImport(LibC, EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string type, ulong flags, nint data);

    [LibraryImport(LibC, EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnmountCall(string target, int flags);
}
