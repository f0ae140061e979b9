namespace Portal.Runtime.Supervision;

/// <summary>Standard stream numbers as in the Engine API's frames.</summary>
public enum StdioStream : byte
{
    Stdin = 0,
    Stdout = 1,
    Stderr = 2,

    /// <summary>What the engine itself has to say.</summary>
    Engine = 3,
}

/// <summary>A piece of output. A terminal's output is all stdout.</summary>
public readonly record struct StdioFrame(StdioStream Stream, ReadOnlyMemory<byte> Data);

/// <summary>
/// One client's view of a process' stdio. Output is queued up to 1 MiB; a client that does not read is cut off, the
/// process never waits for it (principle: an attach client must not be able to freeze a container).
/// </summary>
public interface IStdioSession : IAsyncDisposable
{
    /// <summary>Completes when the client is cut off because it does not read: what it has not got by then it never gets.</summary>
    Task CutOff { get; }

    /// <summary>Output until the process ends or the session is cut off. Enumerate once.</summary>
    IAsyncEnumerable<StdioFrame> ReadOutputAsync(CancellationToken ct);

    /// <summary>Writes to the process' stdin; waits while its pipe is full. Ignored when stdin is not open.</summary>
    ValueTask WriteInputAsync(ReadOnlyMemory<byte> data, CancellationToken ct);

    /// <summary>This client has no more input. Closes the process' stdin where the session owns it.</summary>
    ValueTask CloseInputAsync(CancellationToken ct);

    /// <summary>The client leaves by its detach keys; an event tells of it.</summary>
    void Detach();
}
