using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// Devices like /dev/null that are nobody else's. crun gives the standard streams of an exec to its user, whatever they are:
/// were it the host's own /dev/null, a container could then close that to everybody.
/// </summary>
internal static class NullDevice
{
    // Attached nowhere; gone with this process.
    private static readonly SafeFileHandle? s_folder = Libc.MakeTmpfs(out var root) == 0 ? root : null;
    private static long s_count;

    /// <summary>Opens a new one; the host's where this process may make none.</summary>
    public static SafeFileHandle Open()
    {
        const uint Everybody = 0x1B6;
        const int ReadWrite = 2;
        var name = Encoding.ASCII.GetBytes(Interlocked.Increment(ref s_count).ToString("x", null));
        if (s_folder is not null && Libc.MakeNodeAt(s_folder, name, FileKind.CharacterDevice, Everybody, 1, 3) == 0)
        {
            _ = Libc.ChangeModeAt(s_folder, name, Everybody);
            var errno = Libc.OpenAt(s_folder, name, ReadWrite, 0, out var device);
            _ = Libc.UnlinkAt(s_folder, name, isDirectory: false);
            if (errno == 0)
            {
                return device!;
            }
        }

        return File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
    }
}
