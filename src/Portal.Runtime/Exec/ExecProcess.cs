using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Exec;

/// <summary>How an exec is run.</summary>
/// <param name="Options">Paths.</param>
/// <param name="RuntimePath">The OCI runtime.</param>
/// <param name="RuntimeArguments">Options of the OCI runtime before its command.</param>
/// <param name="Process">The process file.</param>
/// <param name="Detached">Without streams.</param>
/// <param name="Mappings">Of the container's user namespace; null for the host's.</param>
internal sealed record ExecLaunch(
    RuntimeOptions Options, string RuntimePath, IReadOnlyList<string> RuntimeArguments, byte[] Process, bool Detached, IdMappings? Mappings = null);

/// <summary>
/// One exec. The OCI runtime stays as the parent of the process and passes its exit code on; its own words go to a log file,
/// apart from the process' stderr.
/// </summary>
internal sealed class ExecProcess(string id, Container container, ExecSpec spec, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(250), s_poll = TimeSpan.FromMilliseconds(2);

    // The exec belongs to its one client: when that does not read, the process waits, as it would on any pipe.
    private readonly StdioFanOut _output = new(patience: null, time);
    private readonly DateTimeOffset _created = time.GetUtcNow();
    // True: the process runs. False: there never was one, and what the OCI runtime printed is not output of it.
    private readonly TaskCompletionSource<bool> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _claimed;
    private volatile bool _running;
    private volatile bool _over;
    private int _exitCode;
    private DateTimeOffset _ended;
    private DescriptorStream? _input;
    private DescriptorStream? _terminal;
    private string? _pidFile;
    private long _activity;

    public string Id => id;

    public Container Container => container;

    public ExecSpec Spec => spec;

    /// <summary>What the OCI runtime said when it could not start the process; null otherwise.</summary>
    public string? Failure { get; private set; }

    public ExecSnapshot Snapshot => new(id, container.Id, spec, _running, _over ? _exitCode : null, _running ? ReadPid() : 0);

    /// <summary>True for the first caller only.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>Made, or ended, before the given moment and not running.</summary>
    public bool IsOlderThan(DateTimeOffset limit) => !_running && (_over ? _ended : _created) < limit;

    /// <summary>Completes when the process runs or could not be started.</summary>
    public Task StartedAsync(CancellationToken ct) => _started.Task.WaitAsync(ct);

    /// <summary>It could not even be prepared.</summary>
    public void Fail()
    {
        _exitCode = 126;
        _ended = time.GetUtcNow();
        _over = true;
        _running = false;
        _started.TrySetResult(false);
        _output.Complete();
    }

    /// <summary>It cannot be run, and its client is told so where the output would be, as with Docker.</summary>
    public async Task<IStdioSession> RefuseAsync(string reason)
    {
        Failure = reason + "\r\n";
        var session = _output.Subscribe(stdout: true, stderr: true);
        await _output.PublishAsync(spec.AttachStdout ? StdioStream.Stdout : StdioStream.Stderr, Encoding.UTF8.GetBytes(Failure)).ConfigureAwait(false);
        Fail();
        return new Session(this, session);
    }

    public async Task ResizeAsync(int rows, int columns, CancellationToken ct)
    {
        if (!_running)
        {
            throw new Domain.Primitives.ErrorException(Domain.Primitives.ErrorKind.Conflict, "exec.not_running", $"exec {id} is not running");
        }

        await _started.Task.WaitAsync(ct).ConfigureAwait(false);
        _terminal?.Resize(rows, columns);
    }

    /// <summary>Runs it.</summary>
    /// <param name="launch">How.</param>
    /// <param name="run">The container's run; its end is the end of this.</param>
    /// <param name="ended">Called once, after the exit code is known and before the output ends.</param>
    public async Task<IStdioSession> StartAsync(ExecLaunch launch, ContainerRun run, Action ended)
    {
        // Short names: a socket's path has 107 bytes.
        var stem = $"{launch.Options.RunRoot}/execs/{id[..16]}";
        var files = new ExecFiles(stem);
        _pidFile = files.PidFile;
        await File.WriteAllBytesAsync(files.Process, launch.Process).ConfigureAwait(false);
        List<string> arguments =
        [
            .. launch.RuntimeArguments, "--log", files.Log, "exec", "--process", files.Process, "--pid-file", files.PidFile,
        ];

        var session = _output.Subscribe(spec.AttachStdout && !launch.Detached, spec.AttachStderr && !launch.Detached);
        Pipe? stdin = null, stdout = null, stderr = null;
        Socket? console = null;
        ChildProcess child;
        try
        {
            var descriptors = new Dictionary<int, SafeHandle>();
            if (spec.Tty)
            {
                console = Listen(files.Console);
                arguments.AddRange(["--console-socket", files.Console]);
            }
            else if (!launch.Detached)
            {
                stdout = Pipe.FromChild();
                stderr = Pipe.FromChild();
                (descriptors[1], descriptors[2]) = (stdout.Theirs, stderr.Theirs);
                if (spec.AttachStdin)
                {
                    stdin = Pipe.ToChild();
                    descriptors[0] = stdin.Theirs;
                }
            }

            if (launch.Mappings is { } mappings)
            {
                // From the container's root on the OCI runtime can hand them to the exec's user, from the host's it cannot.
                foreach (var pipe in (SafeFileHandle?[])[stdin?.Theirs, stdout?.Theirs, stderr?.Theirs])
                {
                    _ = pipe is null ? 0 : Libc.ChangeOwnerAt(pipe, [], mappings.RootUser, mappings.RootGroup);
                }
            }

            arguments.Add(container.Id.Value);
            child = ChildProcess.Start(new(launch.RuntimePath, arguments) { Descriptors = descriptors });
        }
        catch
        {
            stdin?.Dispose();
            stdout?.Dispose();
            stderr?.Dispose();
            console?.Dispose();
            files.Delete();
            throw;
        }

        stdin?.Theirs.Dispose();
        stdout?.Theirs.Dispose();
        stderr?.Theirs.Dispose();
        _running = true;
        _input = stdin?.Ours;
        _ = SuperviseAsync(child, stdout?.Ours, stderr?.Ours, console, files, run, ended);
        return new Session(this, session);
    }

    /// <summary>Closes this side of its stdin and terminal.</summary>
    public void Dispose()
    {
        _input?.Dispose();
        _terminal?.Dispose();
    }

    private async Task SuperviseAsync(
        ChildProcess child, DescriptorStream? stdout, DescriptorStream? stderr, Socket? console, ExecFiles files, ContainerRun run, Action ended)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(run.Over.Token);
        using var killer = gone.Token.Register(() => child.Handle.Signal(SignalName.Kill));
        using var over = new CancellationTokenSource();
        var exited = child.WaitAsync(CancellationToken.None);
        var readers = new List<Task>();
        if (stdout is not null && stderr is not null)
        {
            readers.Add(PumpAsync(stdout, StdioStream.Stdout, over.Token));
            readers.Add(PumpAsync(stderr, StdioStream.Stderr, over.Token));
        }

        if (console is not null)
        {
            readers.Add(ServeTerminalAsync(console, exited, over.Token));
        }

        await WaitForStartAsync(exited, files).ConfigureAwait(false);
        var status = await exited.ConfigureAwait(false);
        if (!File.Exists(files.PidFile) && status != 0)
        {
            _started.TrySetResult(false);
            (Failure, status) = StartFailure.OfExec(spec.Command[0], files.ReadLog());
            await _output.PublishAsync(spec.AttachStdout ? StdioStream.Stdout : StdioStream.Stderr, Encoding.UTF8.GetBytes(Failure)).ConfigureAwait(false);
        }

        _started.TrySetResult(true);

        // What is in the pipes belongs to the output; a process left behind that keeps them open does not hold the session.
        var all = Task.WhenAll(readers);
        long seen;
        do
        {
            seen = Volatile.Read(ref _activity);
        }
        while (await Task.WhenAny(all, Task.Delay(s_quiet, time)).ConfigureAwait(false) != all && (seen != Volatile.Read(ref _activity) || _output.HasFullSession));

        await over.CancelAsync().ConfigureAwait(false);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _exitCode = status;
        _ended = time.GetUtcNow();
        _over = true;
        _running = false;
        ended();
        _output.Complete();
        stdout?.Dispose();
        stderr?.Dispose();
        Dispose();
        console?.Dispose();
        child.Dispose();
        files.Delete();
    }

    /// <summary>Marks the start, which the runtime shows by the pid file.</summary>
    private async Task WaitForStartAsync(Task exited, ExecFiles files)
    {
        while (!exited.IsCompleted)
        {
            if (File.Exists(files.PidFile))
            {
                _started.TrySetResult(true);
                return;
            }

            await Task.WhenAny(exited, Task.Delay(s_poll, time)).ConfigureAwait(false);
        }
    }

    private async Task PumpAsync(DescriptorStream from, StdioStream stream, CancellationToken ct)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, ct).ConfigureAwait(false) is var count and > 0)
            {
                Interlocked.Increment(ref _activity);
                if (!await _started.Task.ConfigureAwait(false))
                {
                    continue;
                }

                await _output.PublishAsync(stream, buffer.AsMemory(0, count)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The process is gone and nothing more came.
        }
    }

    /// <summary>Takes the terminal's master side from the OCI runtime and reads it.</summary>
    private async Task ServeTerminalAsync(Socket console, Task exited, CancellationToken ct)
    {
        using var accepting = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var accept = console.AcceptAsync(accepting.Token).AsTask();
        if (await Task.WhenAny(accept, exited).ConfigureAwait(false) != accept)
        {
            await accepting.CancelAsync().ConfigureAwait(false);
            await ((Task)accept).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        using var connection = await accept.ConfigureAwait(false);
        await connection.ReceiveAsync(Memory<byte>.Empty, ct).ConfigureAwait(false);
        var master = DescriptorPassing.Receive(connection);
        if (master < 0)
        {
            return;
        }

        _terminal = new(master);
        await PumpAsync(_terminal, StdioStream.Stdout, ct).ConfigureAwait(false);
    }

    private static Socket Listen(string path)
    {
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        return socket;
    }

    private int ReadPid()
    {
        try
        {
            return _pidFile is not null && int.TryParse(File.ReadAllText(_pidFile), CultureInfo.InvariantCulture, out var pid) ? pid : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>The files of an exec on the run root.</summary>
    private sealed record ExecFiles(string Stem)
    {
        public string Process => Stem + ".json";

        public string PidFile => Stem + ".pid";

        public string Log => Stem + ".log";

        public string Console => Stem + ".tty";

        public string ReadLog() => File.Exists(Log) ? File.ReadAllText(Log) : "";

        public void Delete()
        {
            foreach (var path in (string[])[Process, PidFile, Log, Console])
            {
                File.Delete(path);
            }
        }
    }

    private sealed class Session(ExecProcess owner, StdioFanOut.Session output) : IStdioSession
    {
        public IAsyncEnumerable<StdioFrame> ReadOutputAsync(CancellationToken ct) => output.ReadAsync(ct);

        public async ValueTask WriteInputAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
        {
            if (!owner.Spec.AttachStdin)
            {
                return;
            }

            if (owner.Spec.Tty)
            {
                await owner._started.Task.WaitAsync(ct).ConfigureAwait(false);
            }

            if ((owner._terminal ?? owner._input) is { } input)
            {
                await input.WriteAsync(data, ct).ConfigureAwait(false);
            }
        }

        public ValueTask CloseInputAsync(CancellationToken ct)
        {
            // A terminal's input has no end of its own.
            owner._input?.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            output.Leave();
            return CloseInputAsync(CancellationToken.None);
        }
    }
}
