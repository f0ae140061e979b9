using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// Makes user namespaces. The kernel makes one only for a new process, never for a thread of a process that has several, so a
/// child is needed for a moment. It never gets to run a line of ours: it starts in the C library's <c>pause</c> on a stack of
/// its own, which a copy of a process with many threads may, and is killed there.
/// </summary>
internal static partial class NamespaceProcess
{
    private const int StackSize = 64 * 1024;
    private const int CloneFiles = 0x400, CloneNewUser = 0x10000000, CloneNewNetwork = 0x40000000;
    private const int WaitAll = 0x40000000, WaitExited = 4, IdTypePid = 1, SignalKill = 9;

    private static readonly nint s_pause = NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "pause");

    /// <summary>Makes a user namespace with these maps and, if wanted, a network namespace that belongs to it.</summary>
    /// <param name="userMap">Lines of uid_map.</param>
    /// <param name="groupMap">Lines of gid_map.</param>
    /// <param name="network">With a network namespace.</param>
    /// <exception cref="IOException">The kernel refused; nothing is left.</exception>
    public static unsafe (SafeFileHandle User, SafeFileHandle? Network) Make(string userMap, string groupMap, bool network)
    {
        var stack = (byte*)NativeMemory.AlignedAlloc(StackSize, 16);
        try
        {
            // No signal on exit: nobody else's child handling is to hear of it.
            var pid = clone(s_pause, stack + StackSize, CloneFiles | CloneNewUser | (network ? CloneNewNetwork : 0), null);
            if (pid < 0)
            {
                throw new LinuxException("clone", "user namespace", (Errno)Marshal.GetLastPInvokeError());
            }

            try
            {
                Write(pid, "uid_map", userMap);
                Write(pid, "gid_map", groupMap);
                var user = Open(pid, "user");
                try
                {
                    return (user, network ? Open(pid, "net") : null);
                }
                catch
                {
                    user.Dispose();
                    throw;
                }
            }
            finally
            {
                End(pid);
            }
        }
        finally
        {
            NativeMemory.AlignedFree(stack);
        }
    }

    private static unsafe void End(int pid)
    {
        // Not reaped yet, so the number is still this child's.
        _ = kill(pid, SignalKill);
        var information = stackalloc byte[128];
        while (waitid(IdTypePid, pid, information, WaitExited | WaitAll) < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR)
        {
        }
    }

    /// <summary>A map is taken in one write or not at all.</summary>
    private static void Write(int pid, string file, string map)
    {
        try
        {
            using var handle = File.OpenHandle(Path(pid, file), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(handle, Encoding.ASCII.GetBytes(map), 0);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"the kernel does not take the {file} of a user namespace: {e.Message}", e);
        }
    }

    private static SafeFileHandle Open(int pid, string kind)
    {
        var path = Encoding.ASCII.GetBytes(Path(pid, "ns/" + kind));
        var errno = Libc.Open(path, Libc.OpenReadOnly, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", path, errno);
    }

    private static string Path(int pid, string file) => string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}");

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int clone(nint function, byte* stack, int flags, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int waitid(int idType, int id, byte* information, int options);
}
