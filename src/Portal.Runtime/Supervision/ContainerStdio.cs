using System.Net.Sockets;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Supervision;

/// <summary>
/// Stdio of one run of a container, from before its start to after its end: sessions may join before there is a process.
/// conmon's socket is connected when the first session needs it, and never more than once.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="folder">The container's own, for what a session is far behind with.</param>
internal sealed class ContainerStdio(TimeProvider time, string folder)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly StdioFanOut _output = new(s_patience, time, folder);
    private readonly TaskCompletionSource<AttachSocket?> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BundlePaths? _bundle;
    private bool _wanted;

    /// <summary>Adds a session. While the container runs this connects to it.</summary>
    /// <param name="request">What the session is for.</param>
    /// <param name="closesStdin">The end of this session's input is the end of the container's.</param>
    /// <param name="detached">Called when the session's client leaves by its detach keys.</param>
    public IStdioSession Join(AttachRequest request, bool closesStdin, Action detached)
    {
        lock (_lock)
        {
            // Who was there before there was a process has started it, as `docker run` does: it is that client's own, and waits for it as on
            // a pipe. Who came to look later must not be felt.
            var session = new Session(this, request, closesStdin && request.Stdin, detached, _output.Subscribe(request.Stdout, request.Stderr, holds: _bundle is null));
            _wanted = true;
            ConnectIfWanted();
            return session;
        }
    }

    /// <summary>The monitor listens now; to be called before the container's process is let go.</summary>
    public void Open(BundlePaths bundle)
    {
        lock (_lock)
        {
            _bundle = bundle;
            ConnectIfWanted();
        }
    }

    /// <summary>The run is over: waits for everything the monitor sent, then ends the sessions.</summary>
    public async Task FinishAsync()
    {
        lock (_lock)
        {
            _connected.TrySetResult(null);
        }

        if (await _connected.Task.ConfigureAwait(false) is { } socket)
        {
            await socket.Drained.ConfigureAwait(false);
            socket.Dispose();
        }

        _output.Complete();
    }

    private void ConnectIfWanted()
    {
        if (!_wanted || _bundle is null || _connected.Task.IsCompleted)
        {
            return;
        }

        try
        {
            _connected.TrySetResult(AttachSocket.Connect(_bundle, _output));
        }
        catch (SocketException)
        {
            // The monitor is gone: the run is ending, and the sessions end with it.
            _connected.TrySetResult(null);
        }
        catch (IOException)
        {
            _connected.TrySetResult(null);
        }
    }

    private sealed class Session(ContainerStdio owner, AttachRequest request, bool closesStdin, Action detached, StdioFanOut.Session output) : IStdioSession
    {
        private int _inputClosed;

        public Task CutOff => output.CutOff;

        public IAsyncEnumerable<StdioFrame> ReadOutputAsync(CancellationToken ct) => output.ReadAsync(ct);

        public async ValueTask WriteInputAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
        {
            if (request.Stdin && await owner._connected.Task.WaitAsync(ct).ConfigureAwait(false) is { } socket)
            {
                await socket.WriteAsync(data, ct).ConfigureAwait(false);
            }
        }

        public async ValueTask CloseInputAsync(CancellationToken ct)
        {
            if (closesStdin && Interlocked.Exchange(ref _inputClosed, 1) == 0
                && await owner._connected.Task.WaitAsync(ct).ConfigureAwait(false) is { } socket)
            {
                await socket.CloseInputAsync(ct).ConfigureAwait(false);
            }
        }

        public void Detach() => detached();

        public ValueTask DisposeAsync()
        {
            output.Leave();

            // A client that went away before the start takes its stdin along once there is one; nobody waits for that.
            _ = CloseInputAsync(CancellationToken.None).AsTask();
            return ValueTask.CompletedTask;
        }
    }
}
