using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Receives descriptors over unix sockets (SCM_RIGHTS).</summary>
internal static unsafe class DescriptorPassing
{
    /// <summary>A folder as a descriptor; <c>/proc/self/fd/N/name</c> is then a socket path of any depth (sun_path holds 107 bytes).</summary>
    public static SafeFileHandle OpenFolder(string path)
    {
        var fd = Libc.OpenFolderPath(path, Libc.OpenPathOnly);
        return fd >= 0 ? new(fd, ownsHandle: true) : throw new LinuxException("open", path, (Errno)Marshal.GetLastPInvokeError());
    }

    /// <summary>Takes one descriptor out of the next message; the socket must be readable. -1 when the message holds none.</summary>
    public static int Receive(Socket socket)
    {
        var data = stackalloc byte[4096];
        var control = stackalloc byte[64];
        var vector = new Libc.IoVector { Base = data, Length = 4096 };
        var message = new Libc.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 64 };
        if (Libc.ReceiveMessage((int)socket.Handle, &message, Libc.MsgCmsgCloExec) < 0)
        {
            throw new LinuxException("recvmsg", "console socket", (Errno)Marshal.GetLastPInvokeError());
        }

        // struct cmsghdr: length (8), level (4, SOL_SOCKET 1), type (4, SCM_RIGHTS 1), data.
        const int Header = 16;
        return message.ControlLength >= Header + 4 && *(int*)(control + 8) == 1 && *(int*)(control + 12) == 1 ? *(int*)(control + Header) : -1;
    }
}
