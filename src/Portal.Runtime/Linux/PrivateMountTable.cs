using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// Mounts that need other mounts to be made, which nobody is to see and nobody is to clean up: they are made in a mount table
/// of the working thread's own, which ends with the thread, or with the process.
/// </summary>
internal static class PrivateMountTable
{
    /// <summary>Runs work on a thread of its own; what it mounts is gone when it returns, but for the copy it answers.</summary>
    public static SafeFileHandle Run(Func<SafeFileHandle> work)
    {
        SafeFileHandle? tree = null;
        ExceptionDispatchInfo? failure = null;

        // Not a pool thread: it never comes back from its mount table and must end with this work.
        var thread = new Thread(() =>
        {
            try
            {
                Libc.EnterNewMountNamespace();
                tree = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }, maxStackSize: 256 * 1024)
        { IsBackground = true, Name = "mounts" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return tree!;
    }
}
