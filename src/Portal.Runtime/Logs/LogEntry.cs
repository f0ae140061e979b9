using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>A piece of log: a line with its line feed, or 16 KiB or more of a longer line, or an unfinished last one, without.</summary>
public readonly record struct LogEntry(DateTimeOffset Time, StdioStream Stream, ReadOnlyMemory<byte> Data);

/// <summary>Which part of a log is wanted.</summary>
/// <param name="Stdout">Include stdout.</param>
/// <param name="Stderr">Include stderr.</param>
/// <param name="Follow">Stay until the container stops.</param>
/// <param name="Tail">The last so many lines; null for all.</param>
/// <param name="Since">At or after.</param>
/// <param name="Until">At or before.</param>
public sealed record LogQuery(bool Stdout, bool Stderr, bool Follow, int? Tail, DateTimeOffset? Since, DateTimeOffset? Until);
