using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

internal static partial class Libc
{
    /// <summary>Names of the extended attributes of a name itself; none where the file system has none.</summary>
    public static unsafe IReadOnlyList<byte[]> ListAttributesAt(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        using var at = new Borrowed(directory);
        byte[] path = [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{at.Fd}/"), .. name, 0];
        var buffer = new byte[1024];
        while (true)
        {
            nint length;
            fixed (byte* p = path, b = buffer)
            {
                length = llistxattr(p, b, (nuint)buffer.Length);
            }

            if (length >= 0)
            {
                return Split(buffer.AsSpan(0, (int)length));
            }

            if (LastError() != Errno.ERANGE || buffer.Length >= 65536)
            {
                return [];
            }

            buffer = new byte[65536];
        }
    }

    private static List<byte[]> Split(ReadOnlySpan<byte> names)
    {
        var list = new List<byte[]>();
        while (names.IndexOf((byte)0) is var end and > 0)
        {
            list.Add(names[..end].ToArray());
            names = names[(end + 1)..];
        }

        return list;
    }

    [LibraryImport(LibC, SetLastError = true)]
    private static unsafe partial nint llistxattr(byte* path, byte* list, nuint size);
}
