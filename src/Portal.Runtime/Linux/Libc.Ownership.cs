using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

internal static partial class Libc
{
    [LibraryImport(LibC, EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Chown(string path, uint user, uint group);

    /// <summary>Answers a static buffer (getgrnam(3)): not for use from several threads at once.</summary>
    [LibraryImport(LibC, EntryPoint = "getgrnam", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint GetGroupByName(string name);
}
