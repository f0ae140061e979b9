using System.Buffers;
using System.IO.Pipelines;
using Portal.Runtime.Supervision;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>Carries bytes between a client's raw connection and a process' stdio until one of them is done.</summary>
/// <param name="client">The client.</param>
/// <param name="session">The process.</param>
/// <param name="framed">Output goes out in frames; false for a terminal.</param>
/// <param name="stdin">The client's bytes are input; otherwise they are dropped.</param>
/// <param name="detachKeys">Looked for in the input; null for none.</param>
internal sealed class StdioRelay(HijackedStream client, IStdioSession session, bool framed, bool stdin, DetachKeys? detachKeys)
{
    private const int FlushThreshold = 64 * 1024;
    private static readonly TimeSpan s_peerCheck = TimeSpan.FromSeconds(2), s_farewell = TimeSpan.FromSeconds(5);

    /// <summary>Sends output that comes from elsewhere than the session; null for the session's.</summary>
    public Func<CancellationToken, Task>? Output { get; init; }

    /// <summary>Says goodbye where a connection has a form for that; the client may then answer before it is closed.</summary>
    public Func<Task>? Goodbye { get; init; }

    /// <summary>Returns when the process' output has ended and was sent, the client detached, it is gone, or it was cut off.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var cutting = EndWhenCutOffAsync(ending);
        var input = PumpInputAsync(ending);
        try
        {
            await (Output ?? PumpOutputAsync)(ending.Token);
        }
        catch (OperationCanceledException)
        {
            // Detached, gone, or the agent ends.
        }
        finally
        {
            if (session.CutOff.IsCompleted)
            {
                client.Peer.Drop();
            }
            else if (Goodbye is { } goodbye)
            {
                await goodbye();
                _ = await Task.WhenAny(input, Task.Delay(s_farewell, CancellationToken.None));
            }

            await ending.CancelAsync();
            await input;
            await cutting;
        }
    }

    private async Task EndWhenCutOffAsync(CancellationTokenSource ending)
    {
        await session.CutOff.WaitAsync(ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ending.CancelAsync();
    }

    private async Task PumpOutputAsync(CancellationToken ct)
    {
        var output = client.Output;
        await using var frames = session.ReadOutputAsync(ct).GetAsyncEnumerator(ct);
        var next = frames.MoveNextAsync();
        var unflushed = 0;
        while (true)
        {
            if (!next.IsCompleted && unflushed > 0)
            {
                // Nothing more is waiting: what there is goes out now. A burst goes out in few writes.
                unflushed = 0;
                if ((await output.FlushAsync(ct)).IsCompleted)
                {
                    return;
                }
            }

            if (!await next)
            {
                _ = await output.FlushAsync(ct);
                return;
            }

            var frame = frames.Current;
            StdioFrames.Write(output, frame.Stream, [], frame.Data.Span, framed);
            unflushed += frame.Data.Length + StdioFrames.HeaderLength;
            if (unflushed >= FlushThreshold)
            {
                unflushed = 0;
                if ((await output.FlushAsync(ct)).IsCompleted)
                {
                    return;
                }
            }

            next = frames.MoveNextAsync();
        }
    }

    private async Task PumpInputAsync(CancellationTokenSource ending)
    {
        var ct = ending.Token;
        try
        {
            if (!await ReadInputAsync(client.Input, ct))
            {
                session.Detach();
                await ending.CancelAsync();
                return;
            }

            if (stdin)
            {
                await session.CloseInputAsync(ct);
            }

            // The client has closed its half and may wait for output for hours. Find out when it goes for good.
            using var timer = new PeriodicTimer(s_peerCheck);
            while (client.Peer.PeerIsThere())
            {
                _ = await timer.WaitForNextTickAsync(ct);
            }

            await ending.CancelAsync();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The output ended first.
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The connection broke, or the process' end of the pipe did; output decides how it goes on.
            if (!client.Peer.PeerIsThere())
            {
                await ending.CancelAsync();
            }
        }
    }

    /// <summary>True at the end of the client's input, false when it typed the detach keys.</summary>
    private async ValueTask<bool> ReadInputAsync(PipeReader input, CancellationToken ct)
    {
        var scanner = detachKeys is null ? null : new DetachKeyScanner(detachKeys);
        var typed = scanner is null ? null : new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await input.ReadAsync(ct);
            var detached = false;
            if (stdin)
            {
                foreach (var segment in read.Buffer)
                {
                    var data = segment;
                    if (scanner is not null)
                    {
                        typed!.ResetWrittenCount();
                        detached = scanner.Scan(segment.Span, typed);
                        data = typed.WrittenMemory;
                    }

                    if (!data.IsEmpty)
                    {
                        await session.WriteInputAsync(data, ct);
                    }

                    if (detached)
                    {
                        break;
                    }
                }
            }

            input.AdvanceTo(read.Buffer.End);
            if (detached)
            {
                return false;
            }

            if (read.IsCompleted)
            {
                return true;
            }
        }
    }
}
