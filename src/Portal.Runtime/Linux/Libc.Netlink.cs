using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>Sockets below what <see cref="System.Net.Sockets"/> offers: netlink, and ports held without serving them.</summary>
internal static partial class Libc
{
    public const int AfInet = 2;
    public const int AfInet6 = 10;
    public const int AfNetlink = 16;
    public const int SockStream = 1;
    public const int SockDatagram = 2;
    public const int SockRaw = 3;
    public const int SockCloexec = 0x80000;
    public const int SolSocket = 1;
    public const int SolIPv6 = 41;
    public const int IPv6Only = 26;
    public const int SolNetlink = 270;
    public const int SoReuseAddress = 2;
    public const int SoAttachFilter = 26;
    public const int NetlinkCapAck = 10;
    public const int NetlinkExtAck = 11;
    public const int NetlinkRoute = 0;
    public const int NetlinkNetfilter = 12;
    private const int SoProtocol = 38;
    private const int SoDomain = 39;
    private const int GetDescriptorFlags = 1;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExecFlag = 1;
    private const int MsgPeek = 2;
    private const int MsgTruncate = 0x20;

    /// <summary>Opens a socket in the network namespace of the calling thread; closed on exec.</summary>
    public static SafeFileHandle OpenSocket(int family, int type, int protocol, string subject) =>
        new(Check(() => SocketCall(family, type | SockCloexec, protocol), "socket", subject), ownsHandle: true);

    public static void SetSocketOption(SafeFileHandle socket, int level, int option, int value, string subject) =>
        Check(() => SetSocketOptionCall(socket, level, option, in value, sizeof(int)), "setsockopt", subject);

    /// <summary>Makes the socket drop every packet the kernel hands it.</summary>
    public static void DropAllPackets(SafeFileHandle socket, string subject) => AttachFilter(socket, [Return(0)], subject);

    /// <summary>Makes an IPv6 socket drop every packet that is not for ::1.</summary>
    public static void DropAllButLoopback(SafeFileHandle socket, string subject) => AttachFilter(
        socket,
        [
            LoadDestination(0), UnlessEqual(0, drop: 7),
            LoadDestination(1), UnlessEqual(0, drop: 5),
            LoadDestination(2), UnlessEqual(0, drop: 3),
            LoadDestination(3), UnlessEqual(1, drop: 1),
            Return(uint.MaxValue),
            Return(0),
        ], subject);

    // BPF_RET | BPF_K: so many bytes are accepted.
    private static SocketFilter Return(uint size) => new() { Code = 0x06, Value = size };

    // BPF_LD | BPF_W | BPF_ABS, from the network's header (SKF_NET_OFF): a quarter of IPv6's destination.
    private static SocketFilter LoadDestination(uint quarter) => new() { Code = 0x20, Value = 0xfff00000 + 24 + (4 * quarter) };

    // BPF_JMP | BPF_JEQ | BPF_K
    private static SocketFilter UnlessEqual(uint value, byte drop) => new() { Code = 0x15, JumpFalse = drop, Value = value };

    private static unsafe void AttachFilter(SafeFileHandle socket, ReadOnlySpan<SocketFilter> filter, string subject)
    {
        fixed (SocketFilter* first = filter)
        {
            SocketFilterProgram program = new() { Length = (ushort)filter.Length, Filter = (nint)first };
            var rc = AttachFilterCall(socket, SolSocket, SoAttachFilter, in program, (uint)sizeof(SocketFilterProgram));
            if (rc < 0)
            {
                throw new LinuxException("setsockopt SO_ATTACH_FILTER", subject, (Errno)Marshal.GetLastPInvokeError());
            }
        }
    }

    public static void BindSocket(SafeFileHandle socket, byte[] address, string subject) =>
        Check(() => BindCall(socket, address, (uint)address.Length), "bind", subject);

    public static void ListenSocket(SafeFileHandle socket, string subject) =>
        Check(() => ListenCall(socket, 1), "listen", subject);

    public static void SendAll(SafeFileHandle socket, byte[] buffer, int length, string subject) =>
        Check(() => (int)SendCall(socket, buffer, (nuint)length, 0), "send", subject);

    /// <summary>Receives one whole datagram; the buffer grows to what the kernel has.</summary>
    public static int ReceiveDatagram(SafeFileHandle socket, ref byte[] buffer, string subject)
    {
        var current = buffer;
        var size = Check(() => (int)ReceiveCall(socket, current, (nuint)current.Length, MsgPeek | MsgTruncate), "recv", subject);
        if (size > buffer.Length)
        {
            buffer = current = new byte[size];
        }

        return Check(() => (int)ReceiveCall(socket, current, (nuint)current.Length, 0), "recv", subject);
    }

    /// <summary>Whether the descriptor is a netlink socket of this protocol.</summary>
    public static bool IsNetlinkSocket(int descriptor, int protocol)
    {
        uint size = sizeof(int);
        return GetSocketOptionCall(descriptor, SolSocket, SoDomain, out var domain, ref size) == 0 && domain == AfNetlink
            && GetSocketOptionCall(descriptor, SolSocket, SoProtocol, out var actual, ref size) == 0 && actual == protocol;
    }

    public static bool IsCloseOnExec(int descriptor) => (DescriptorControlCall(descriptor, GetDescriptorFlags, 0) & CloseOnExecFlag) != 0;

    /// <summary>Keeps a descriptor out of child processes.</summary>
    public static void CloseOnExec(int descriptor, string subject) =>
        Check(() => DescriptorControlCall(descriptor, SetDescriptorFlags, CloseOnExecFlag), "fcntl", subject);

    [LibraryImport(LibC, EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetSocketOptionCall(int socket, int level, int option, out int value, ref uint length);

    [LibraryImport(LibC, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int DescriptorControlCall(int descriptor, int command, int argument);

    [LibraryImport(LibC, EntryPoint = "socket", SetLastError = true)]
    private static partial int SocketCall(int family, int type, int protocol);

    [LibraryImport(LibC, EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSocketOptionCall(SafeFileHandle socket, int level, int option, in int value, uint length);

    [LibraryImport(LibC, EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int AttachFilterCall(SafeFileHandle socket, int level, int option, in SocketFilterProgram value, uint length);

    [LibraryImport(LibC, EntryPoint = "bind", SetLastError = true)]
    private static partial int BindCall(SafeFileHandle socket, byte[] address, uint length);

    [LibraryImport(LibC, EntryPoint = "listen", SetLastError = true)]
    private static partial int ListenCall(SafeFileHandle socket, int backlog);

    [LibraryImport(LibC, EntryPoint = "send", SetLastError = true)]
    private static partial nint SendCall(SafeFileHandle socket, byte[] buffer, nuint length, int flags);

    [LibraryImport(LibC, EntryPoint = "recv", SetLastError = true)]
    private static partial nint ReceiveCall(SafeFileHandle socket, byte[] buffer, nuint length, int flags);

    /// <summary>struct sock_filter</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SocketFilter
    {
        public ushort Code;
        public byte JumpTrue;
        public byte JumpFalse;
        public uint Value;
    }

    /// <summary>struct sock_fprog</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SocketFilterProgram
    {
        public ushort Length;
        public nint Filter;
    }
}
