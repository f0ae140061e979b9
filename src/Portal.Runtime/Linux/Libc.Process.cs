using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Processes: posix_spawn(3), pidfd_open(2), waitid(2), epoll(7), pipe2(2), terminals.</summary>
internal static unsafe partial class Libc
{
    /// <summary>posix_spawnattr_setflags(3): default signal dispositions, signal mask, new session.</summary>
    internal const short SpawnSetSigDef = 0x04, SpawnSetSigMask = 0x08, SpawnSetSid = 0x80;

    internal const int WNoHang = 1, WExited = 4, PPidFd = 3;

    internal const int EpollCtlAdd = 1, EpollCtlDel = 2;

    internal const uint EpollIn = 1, EpollOneShot = 1u << 30;

    internal const int FDupFdCloExec = 1030;

    /// <summary>F_ADD_SEALS, and all four seals of before Linux 6.3.</summary>
    internal const int FAddSeals = 1033, SealAll = 0xf;

    internal const uint MemfdCloseOnExec = 1, MemfdAllowSealing = 2, MemfdExecutable = 0x10;

    internal const int PipeCloExec = 0x80000;

    [LibraryImport(LibC, EntryPoint = "posix_spawn")]
    internal static partial int PosixSpawn(int* pid, byte* path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_init")]
    internal static partial int SpawnActionsInit(byte* actions);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static partial int SpawnActionsDestroy(byte* actions);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static partial int SpawnActionsDup2(byte* actions, int from, int to);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    internal static partial int SpawnActionsCloseFrom(byte* actions, int from);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    internal static partial int SpawnActionsChdir(byte* actions, byte* path);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_init")]
    internal static partial int SpawnAttrInit(byte* attributes);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_destroy")]
    internal static partial int SpawnAttrDestroy(byte* attributes);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int SpawnAttrSetFlags(byte* attributes, short flags);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_setsigmask")]
    internal static partial int SpawnAttrSetSigMask(byte* attributes, byte* set);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int SpawnAttrSetSigDefault(byte* attributes, byte* set);

    [LibraryImport(LibC, EntryPoint = "sigfillset")]
    internal static partial int SigFillSet(byte* set);

    [LibraryImport(LibC, EntryPoint = "sigemptyset")]
    internal static partial int SigEmptySet(byte* set);

    [LibraryImport(LibC, EntryPoint = "pidfd_open", SetLastError = true)]
    internal static partial int PidFdOpen(int pid, uint flags);

    [LibraryImport(LibC, EntryPoint = "pidfd_send_signal", SetLastError = true)]
    internal static partial int PidFdSendSignal(int pidfd, int signal, void* info, uint flags);

    [LibraryImport(LibC, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport(LibC, EntryPoint = "waitid", SetLastError = true)]
    internal static partial int WaitId(int idType, int id, byte* info, int options);

    [LibraryImport(LibC, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FcntlDup(int fd, int command, int lowest);

    [LibraryImport(LibC, EntryPoint = "memfd_create", SetLastError = true)]
    internal static partial int MemfdCreate(byte* name, uint flags);

    [LibraryImport(LibC, EntryPoint = "pipe2", SetLastError = true)]
    internal static partial int Pipe2(int* fds, int flags);

    [LibraryImport(LibC, EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport(LibC, EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(int epoll, int operation, int fd, byte* item);

    [LibraryImport(LibC, EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(int epoll, byte* items, int count, int timeout);

    [LibraryImport(LibC, EntryPoint = "malloc_trim")]
    internal static partial int MallocTrim(nuint keep);

    /// <summary>TIOCSWINSZ: rows, columns and two unused numbers, 16 bits each.</summary>
    [LibraryImport(LibC, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int SetWindowSize(int fd, nuint request, ushort* size);

    [LibraryImport(LibC, EntryPoint = "posix_openpt", SetLastError = true)]
    internal static partial int OpenTerminal(int flags);

    [LibraryImport(LibC, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int TerminalControl(int fd, nuint request, int* value);

    [LibraryImport(LibC, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int TerminalPeer(int fd, nuint request, nint flags);

    [LibraryImport(LibC, EntryPoint = "tcgetattr", SetLastError = true)]
    internal static partial int GetTerminalSettings(int fd, byte* settings);

    [LibraryImport(LibC, EntryPoint = "tcsetattr", SetLastError = true)]
    internal static partial int SetTerminalSettings(int fd, int actions, byte* settings);

    [LibraryImport(LibC, EntryPoint = "cfmakeraw")]
    internal static partial void MakeRaw(byte* settings);
}
