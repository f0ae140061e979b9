using System.Globalization;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Exec;

/// <summary>
/// One exec. The OCI runtime stays as the parent of the process and passes its exit code on; its own words go to a log file,
/// apart from the process' stderr.
/// </summary>
internal sealed class ExecProcess(string id, Container container, ExecSpec spec, ExecNotices notices, TimeProvider time)
{
    private const int FailedCode = 126;

    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(250), s_poll = TimeSpan.FromMilliseconds(2), s_startLimit = TimeSpan.FromSeconds(60);

    // The exec belongs to its one client: when that does not read, the process waits, as it would on any pipe.
    private readonly StdioFanOut _output = new(patience: null, time);
    private readonly DateTimeOffset _created = time.GetUtcNow();

    // True: the process runs. False: there never was one, and what the OCI runtime printed is not output of it.
    private readonly TaskCompletionSource<bool> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Where input goes. A terminal comes some time after the start, and what is typed until then must wait for it.
    private readonly TaskCompletionSource<DescriptorStream?> _input = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _claimed, _ends;
    private volatile bool _running;
    private volatile bool _over;
    private int _exitCode;
    private DateTimeOffset _endedAt;
    private PidFd? _relay;
    private string? _pidFile;
    private long _activity;

    public string Id => id;

    public Container Container => container;

    public ExecSpec Spec => spec;

    /// <summary>Between its start and its end.</summary>
    public bool IsRunning => _running;

    /// <summary>It was run already, or is being run.</summary>
    public bool IsClaimed => Volatile.Read(ref _claimed) != 0;

    /// <summary>What the OCI runtime said when it could not start the process; null otherwise.</summary>
    public string? Failure { get; private set; }

    /// <summary>Known once it has ended.</summary>
    public int? ExitCode => _over ? _exitCode : null;

    /// <summary>Completes when it has ended, or could not be started.</summary>
    public Task Ended => _ended.Task;

    public ExecSnapshot Snapshot => new(id, container.Id, spec, _running, ExitCode, _running ? ReadPid() : 0);

    /// <summary>True for the first caller only.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>Made, or ended, before the given moment and not running.</summary>
    public bool IsOlderThan(DateTimeOffset limit) => !_running && (_over ? _endedAt : _created) < limit;

    /// <summary>Completes when the process runs or could not be started.</summary>
    public Task StartedAsync(CancellationToken ct) => _started.Task.WaitAsync(ct);

    /// <summary>It could not even be prepared.</summary>
    public void Fail() => End(FailedCode);

    /// <summary>It cannot be run, and its client is told so where the output would be, as with Docker.</summary>
    public async Task<IStdioSession> RefuseAsync(string reason)
    {
        Failure = reason + "\r\n";
        var session = _output.Subscribe(stdout: true, stderr: true);
        await _output.PublishAsync(spec.AttachStdout ? StdioStream.Stdout : StdioStream.Stderr, Encoding.UTF8.GetBytes(Failure)).ConfigureAwait(false);
        End(FailedCode);
        return new Session(this, session);
    }

    public async Task ResizeAsync(int rows, int columns, CancellationToken ct)
    {
        if (!_running)
        {
            throw new ErrorException(ErrorKind.Conflict, "exec.not_running", $"exec {id} is not running");
        }

        if (spec.Tty && await _input.Task.WaitAsync(ct).ConfigureAwait(false) is { } terminal)
        {
            terminal.Resize(rows, columns);

            // The kernel tells the processes of a terminal's session; a relay is in none.
            _ = _relay?.Signal(SignalName.WindowChanged);
        }
    }

    /// <summary>Runs it.</summary>
    /// <param name="launch">How.</param>
    /// <param name="run">The container's run; its end is the end of this.</param>
    public async Task<IStdioSession> StartAsync(ExecLaunch launch, ContainerRun run)
    {
        var files = launch.Files;
        _pidFile = files.PidFile;
        List<string> arguments = [.. launch.RuntimeArguments, "--log", files.Log, "exec", "--process", files.Process, "--pid-file", files.PidFile];
        var session = _output.Subscribe(spec.AttachStdout && !launch.Detached, spec.AttachStderr && !launch.Detached);
        var stdio = new ExecStdio();
        ChildProcess child;
        try
        {
            await File.WriteAllBytesAsync(files.Process, launch.Process).ConfigureAwait(false);
            if (spec.Tty && !launch.HandsTerminalOver)
            {
                stdio.OpenTerminal(launch.Size);
            }
            else if (spec.Tty)
            {
                stdio.Console = new(files.Console);
                arguments.AddRange(["--console-socket", files.Console]);
            }
            else if (!launch.Detached)
            {
                stdio.OpenPipes(spec.AttachStdin, launch.Mappings);
            }

            arguments.Add(container.Id.Value);
            child = ChildProcess.Start(new(launch.RuntimePath, arguments) { Descriptors = stdio.Theirs });
        }
        catch
        {
            stdio.Dispose();
            files.Delete();
            throw;
        }

        stdio.CloseTheirs();
        _running = true;
        if (stdio.Console is null)
        {
            _relay = stdio.Terminal is null ? null : child.Handle;
            _input.TrySetResult(stdio.Terminal ?? stdio.Input);
        }

        _ = SuperviseAsync(child, stdio, launch, run);
        return new Session(this, session);
    }

    /// <summary>The number of its process on the host; 0 when it has none.</summary>
    public int ReadPid()
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

    private async Task SuperviseAsync(ChildProcess child, ExecStdio stdio, ExecLaunch launch, ContainerRun run)
    {
        var status = FailedCode;
        var killer = run.Over.UnsafeRegister(static state => ((PidFd)state!).Signal(SignalName.Kill), child.Handle);
        using var over = new CancellationTokenSource();
        var exited = child.WaitAsync(CancellationToken.None);
        Task[] readers = stdio.Console is { } console
            ? [ServeTerminalAsync(console, launch.Size, exited, over.Token)]
            : [PumpAsync(stdio.Terminal ?? stdio.Output, StdioStream.Stdout, over.Token), PumpAsync(stdio.Error, StdioStream.Stderr, over.Token)];
        try
        {
            await WaitForStartAsync(child, exited, launch.Files).ConfigureAwait(false);
            status = await exited.ConfigureAwait(false);
            if (!File.Exists(launch.Files.PidFile) && status != 0)
            {
                _started.TrySetResult(false);
                (Failure, status) = StartFailure.OfExec(spec.Command[0], launch.Files.ReadLog());
                await _output.PublishAsync(spec.AttachStdout ? StdioStream.Stdout : StdioStream.Stderr, Encoding.UTF8.GetBytes(Failure)).ConfigureAwait(false);
            }

            _started.TrySetResult(true);
            await DrainAsync(Task.WhenAll(readers)).ConfigureAwait(false);
        }
        finally
        {
            await killer.DisposeAsync().ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(readers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            End(status);
            stdio.Dispose();
            (await _input.Task.ConfigureAwait(false))?.Dispose();
            child.Dispose();
            launch.Files.Delete();
        }
    }

    /// <summary>What is in the pipes belongs to the output; a process left behind that keeps them open does not hold the session.</summary>
    private async Task DrainAsync(Task readers)
    {
        long seen;
        do
        {
            seen = Volatile.Read(ref _activity);
        }
        while (await Task.WhenAny(readers, Task.Delay(s_quiet, time)).ConfigureAwait(false) != readers && (seen != Volatile.Read(ref _activity) || _output.HasFullSession));
    }

    private void End(int exitCode)
    {
        if (Interlocked.Exchange(ref _ends, 1) != 0)
        {
            return;
        }

        _exitCode = exitCode;
        _endedAt = time.GetUtcNow();
        _over = true;
        var ran = _running;
        _running = false;
        _started.TrySetResult(false);
        _input.TrySetResult(null);
        if (ran || Failure is not null)
        {
            notices.Ended(this);
        }

        _output.Complete();
        _ended.TrySetResult();
    }

    /// <summary>Marks the start, which the runtime shows by the pid file.</summary>
    private async Task WaitForStartAsync(ChildProcess child, Task exited, ExecFiles files)
    {
        var began = time.GetTimestamp();
        while (!exited.IsCompleted)
        {
            if (File.Exists(files.PidFile))
            {
                _started.TrySetResult(true);
                return;
            }

            if (time.GetElapsedTime(began) > s_startLimit)
            {
                child.Handle.Signal(SignalName.Kill);
                return;
            }

            await Task.WhenAny(exited, Task.Delay(s_poll, time)).ConfigureAwait(false);
        }
    }

    private async Task PumpAsync(DescriptorStream? from, StdioStream stream, CancellationToken ct)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            while (from is not null && await from.ReadAsync(buffer, ct).ConfigureAwait(false) is var count and > 0)
            {
                Interlocked.Increment(ref _activity);
                await TakeAsync(count).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The process is gone and nothing more came. On a busy host what it wrote last may not have been read yet: that much, and not
            // what a process left behind goes on to write.
            for (var left = from!.Available; left > 0;)
            {
                var count = await from.ReadAsync(buffer.AsMemory(0, Math.Min(left, buffer.Length)), CancellationToken.None).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }

                left -= count;
                await TakeAsync(count).ConfigureAwait(false);
            }
        }

        async ValueTask TakeAsync(int count)
        {
            if (await _started.Task.ConfigureAwait(false))
            {
                await _output.PublishAsync(stream, buffer.AsMemory(0, count)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes the terminal's master side from the OCI runtime and reads it.</summary>
    private async Task ServeTerminalAsync(ConsoleSocket console, TerminalSize? size, Task exited, CancellationToken ct)
    {
        DescriptorStream? terminal = null;
        try
        {
            terminal = await console.AcceptAsync(exited, ct).ConfigureAwait(false);
            if (size is { } first)
            {
                terminal?.Resize(first.Rows, first.Columns);
            }
        }
        finally
        {
            _input.TrySetResult(terminal);
        }

        await PumpAsync(terminal, StdioStream.Stdout, ct).ConfigureAwait(false);
    }

    private sealed class Session(ExecProcess owner, StdioFanOut.Session output) : IStdioSession
    {
        public Task CutOff => output.CutOff;

        public IAsyncEnumerable<StdioFrame> ReadOutputAsync(CancellationToken ct) => output.ReadAsync(ct);

        public async ValueTask WriteInputAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
        {
            if (owner.Spec.AttachStdin && await owner._input.Task.WaitAsync(ct).ConfigureAwait(false) is { } input)
            {
                await input.WriteAsync(data, ct).ConfigureAwait(false);
            }
        }

        public async ValueTask CloseInputAsync(CancellationToken ct)
        {
            // A terminal's input has no end of its own.
            if (!owner.Spec.Tty)
            {
                (await owner._input.Task.WaitAsync(ct).ConfigureAwait(false))?.Dispose();
            }
        }

        public void Detach() => owner.TellOfDetach();

        public ValueTask DisposeAsync()
        {
            output.Leave();
            return CloseInputAsync(CancellationToken.None);
        }
    }

    private void TellOfDetach() => notices.Detached(this);
}
