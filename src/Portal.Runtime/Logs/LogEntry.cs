using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>A line of a log with its line feed, or without one 16 KiB of a longer line, or an unfinished last one.</summary>
/// <param name="time">Nanoseconds since 1970, UTC. The pieces of one line have the time of its first.</param>
/// <param name="stream">Where it was written.</param>
/// <param name="data">The bytes, the reader's own: copy what is to be kept.</param>
public readonly ref struct LogEntry(long time, StdioStream stream, ReadOnlySpan<byte> data)
{
    public long UnixNanoseconds { get; } = time;

    public StdioStream Stream { get; } = stream;

    public ReadOnlySpan<byte> Data { get; } = data;
}

/// <summary>
/// Where a log is read to. Lines come in runs, as they lie in the file, and nothing waits between two of them: what costs
/// little for a line decides how fast a log is.
/// </summary>
public interface ILogSink
{
    /// <summary>Takes one line.</summary>
    void Write(in LogEntry entry);

    /// <summary>
    /// Passes on what was written; the reader goes on when it is done. Called first when the log is open, before any line, and
    /// then after each run of lines.
    /// </summary>
    ValueTask FlushAsync(CancellationToken ct);
}

/// <summary>Which part of a log is wanted.</summary>
/// <param name="Stdout">Include stdout.</param>
/// <param name="Stderr">Include stderr.</param>
/// <param name="Follow">Stay until the container stops.</param>
/// <param name="Tail">The last so many lines; null for all.</param>
/// <param name="Since">From the first line at or after this.</param>
/// <param name="Until">Up to the first line after this.</param>
public sealed record LogQuery(bool Stdout, bool Stderr, bool Follow, int? Tail, DateTimeOffset? Since, DateTimeOffset? Until);
