using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Descriptors over unix sockets (unix(7), SCM_RIGHTS).</summary>
internal static unsafe partial class Libc
{
    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr of the 64-bit C library.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>O_PATH | O_CLOEXEC.</summary>
    internal const int OpenPathOnly = 0x280000;

    internal const int MsgCmsgCloExec = 0x40000000;

    [LibraryImport(LibC, EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint ReceiveMessage(int socket, MessageHeader* message, int flags);

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenFolderPath(string path, int flags);
}
