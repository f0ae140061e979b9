using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>What to start and with what. Nothing is inherited but what stands here.</summary>
/// <param name="Path">Absolute path of the program; PATH is never searched.</param>
/// <param name="Arguments">Without the program's own name.</param>
internal sealed record ChildCommand(string Path, IReadOnlyList<string> Arguments)
{
    /// <summary>The complete environment.</summary>
    public IReadOnlyList<string> Environment { get; init; } = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"];

    /// <summary>Descriptors of the child by number. 0, 1 and 2 are a null device where not named; no other is open.</summary>
    public IReadOnlyDictionary<int, SafeHandle> Descriptors { get; init; } = new Dictionary<int, SafeHandle>();

    /// <summary>Working directory; null for this process' own.</summary>
    public string? WorkingDirectory { get; init; }
}

/// <summary>
/// A helper process: started by posix_spawn (which does not copy this process' page tables) in a session of its own, with
/// default signals and an explicit set of descriptors; reaped by the <see cref="ProcessWatcher"/>.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    // Larger than posix_spawn_file_actions_t (80), posix_spawnattr_t (336) and sigset_t (128) of any 64-bit C library.
    private const int OpaqueSize = 512;

    private readonly PidFd _process;

    private ChildProcess(PidFd process) => _process = process;

    public int Pid => _process.Pid;

    /// <summary>The process as a handle.</summary>
    public PidFd Handle => _process;

    /// <summary>Exit status when it has ended; 128 + signal when killed.</summary>
    public async Task<int> WaitAsync(CancellationToken ct) => await _process.Exited.WaitAsync(ct).ConfigureAwait(false) ?? 255;

    /// <summary>Starts a program.</summary>
    /// <exception cref="LinuxException">It cannot be started; the errno says why.</exception>
    public static ChildProcess Start(ChildCommand command)
    {
        using var nothing = NullDevice.Open();
        var sources = new Dictionary<int, int> { [0] = Raw(nothing), [1] = Raw(nothing), [2] = Raw(nothing) };
        foreach (var (target, handle) in command.Descriptors)
        {
            sources[target] = Raw(handle);
        }

        // dup2 runs in order: a source with a low number could be overwritten before its turn. Lift those out of the way.
        var highest = sources.Keys.Max();
        List<SafeFileHandle> lifted = [];
        try
        {
            foreach (var (target, fd) in sources.ToArray())
            {
                if (fd <= highest)
                {
                    var copy = Libc.FcntlDup(fd, Libc.FDupFdCloExec, highest + 1);
                    if (copy < 0)
                    {
                        throw new LinuxException("fcntl", "F_DUPFD_CLOEXEC", (Errno)Marshal.GetLastPInvokeError());
                    }

                    lifted.Add(new SafeFileHandle(copy, ownsHandle: true));
                    sources[target] = copy;
                }
            }

            var pid = Spawn(command, sources, highest);
            GC.KeepAlive(command);
            return new(PidFd.TryOpen(pid) ?? throw new LinuxException("pidfd_open", command.Path, Errno.ESRCH));
        }
        finally
        {
            foreach (var copy in lifted)
            {
                copy.Dispose();
            }
        }
    }

    /// <summary>Kills it and everything it has started that has not left its session.</summary>
    public void KillAll()
    {
        // Before it is reaped its number, which is also that of its process group, is nobody else's.
        if (!_process.Exited.IsCompleted)
        {
            _ = Libc.Kill(-Pid, Containers.SignalName.Kill);
        }
    }

    public void Dispose() => _process.Dispose();

    private static unsafe int Spawn(ChildCommand command, Dictionary<int, int> sources, int highest)
    {
        var actions = stackalloc byte[OpaqueSize];
        var attributes = stackalloc byte[OpaqueSize];
        var signals = stackalloc byte[OpaqueSize];
        using var strings = new NativeStrings();
        _ = Libc.SpawnActionsInit(actions);
        _ = Libc.SpawnAttrInit(attributes);
        try
        {
            foreach (var (target, fd) in sources)
            {
                Throw(Libc.SpawnActionsDup2(actions, fd, target), command.Path);
            }

            Throw(Libc.SpawnActionsCloseFrom(actions, highest + 1), command.Path);
            if (command.WorkingDirectory is { } folder)
            {
                Throw(Libc.SpawnActionsChdir(actions, strings.Add(folder)), folder);
            }

            _ = Libc.SigFillSet(signals);
            _ = Libc.SpawnAttrSetSigDefault(attributes, signals);
            _ = Libc.SigEmptySet(signals);
            _ = Libc.SpawnAttrSetSigMask(attributes, signals);
            _ = Libc.SpawnAttrSetFlags(attributes, Libc.SpawnSetSid | Libc.SpawnSetSigDef | Libc.SpawnSetSigMask);

            int pid;
            var argv = strings.AddList([command.Path, .. command.Arguments]);
            var envp = strings.AddList(command.Environment);
            Throw(Libc.PosixSpawn(&pid, strings.Add(command.Path), actions, attributes, argv, envp), command.Path);
            return pid;
        }
        finally
        {
            _ = Libc.SpawnAttrDestroy(attributes);
            _ = Libc.SpawnActionsDestroy(actions);
        }
    }

    private static int Raw(SafeHandle handle) => (int)handle.DangerousGetHandle();

    /// <summary>The posix_spawn family returns its errno.</summary>
    private static void Throw(int errno, string subject)
    {
        if (errno != 0)
        {
            throw new LinuxException("posix_spawn", subject, (Errno)errno);
        }
    }

    /// <summary>C strings for the length of one call.</summary>
    private sealed unsafe class NativeStrings : IDisposable
    {
        private readonly List<nint> _blocks = [];

        public byte* Add(string text)
        {
            var length = Encoding.UTF8.GetByteCount(text);
            var block = (byte*)NativeMemory.Alloc((nuint)length + 1);
            _blocks.Add((nint)block);
            Encoding.UTF8.GetBytes(text, new Span<byte>(block, length));
            block[length] = 0;
            return block;
        }

        public byte** AddList(IReadOnlyList<string> items)
        {
            var list = (byte**)NativeMemory.Alloc((nuint)(items.Count + 1), (nuint)sizeof(byte*));
            _blocks.Add((nint)list);
            for (var i = 0; i < items.Count; i++)
            {
                list[i] = Add(items[i]);
            }

            list[items.Count] = null;
            return list;
        }

        public void Dispose()
        {
            foreach (var block in _blocks)
            {
                NativeMemory.Free((void*)block);
            }
        }
    }
}
