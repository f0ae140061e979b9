using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Who a thread is to the file system, and where it lives. All of it is of the calling thread alone.</summary>
internal static partial class Libc
{
    private const int CloneNewMountNamespace = 0x20000;
    private const uint CapabilityVersion3 = 0x20080522;

    /// <summary>
    /// Makes the calling thread another user to the file system while it keeps all capabilities. What it creates belongs to
    /// that user; a file system that is mounted by it acts as that user.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static unsafe void ActAs(uint user, uint group)
    {
        // These two tell nothing about success; asking again does.
        _ = setfsgid(group);
        _ = setfsuid(user);
        if (setfsgid(uint.MaxValue) != (int)group || setfsuid(uint.MaxValue) != (int)user)
        {
            throw new LinuxException("setfsuid", $"{user}:{group}", Errno.EPERM);
        }

        // Leaving user 0 took the capabilities over files out of the effective set; they are still permitted.
        var header = stackalloc uint[2] { CapabilityVersion3, 0 };
        var sets = stackalloc uint[6];
        if (capget(header, sets) < 0)
        {
            throw new LinuxException("capget", "this thread", LastError());
        }

        // struct __user_cap_data_struct, twice: effective, permitted, inheritable.
        (sets[0], sets[3]) = (sets[1], sets[4]);
        if (capset(header, sets) < 0)
        {
            throw new LinuxException("capset", "this thread", LastError());
        }
    }

    /// <summary>Gives the calling thread a mount table of its own, from which nothing reaches the host's. The thread must end afterwards.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void EnterNewMountNamespace()
    {
        Check(() => UnshareCall(CloneNewMountNamespace), "unshare", "mount namespace");
        Mount("none", "/", null, MountFlags.Recursive | MountFlags.Private, null);
    }

    [LibraryImport(LibC)]
    private static partial int setfsuid(uint user);

    [LibraryImport(LibC)]
    private static partial int setfsgid(uint group);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int capget(uint* header, uint* sets);

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial int capset(uint* header, uint* sets);
}
