using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// Puts lines together again that the monitor wrote in parts: it reads 8 KiB at a time, and a line that lies across two reads
/// is not two lines. Streams are joined apart, since their parts interleave.
/// </summary>
internal sealed class LogParts
{
    /// <summary>A longer line is handed on in pieces of about this size, as Docker does.</summary>
    public const int Limit = 16 * 1024;

    private readonly Part?[] _open = new Part?[(int)StdioStream.Stderr + 1];

    /// <summary>Takes the next piece of the log. True when <paramref name="line"/> is a whole line, or as much of one as is kept together.</summary>
    public bool TryJoin(in LogEntry piece, out LogEntry line)
    {
        ref var open = ref _open[(int)piece.Stream];
        var ends = piece.Data.Span.EndsWith("\n"u8);
        if (open is null && ends)
        {
            line = piece;
            return true;
        }

        open ??= new(piece.Time);
        open.Bytes.Write(piece.Data.Span);
        if (ends || open.Bytes.Length >= Limit)
        {
            line = Close(ref open, piece.Stream);
            return true;
        }

        line = default;
        return false;
    }

    /// <summary>What is left when the log ends: lines without an end. Their time is that of their first part.</summary>
    public IEnumerable<LogEntry> TakeRest()
    {
        for (var stream = 0; stream < _open.Length; stream++)
        {
            if (_open[stream] is not null)
            {
                yield return Close(ref _open[stream], (StdioStream)stream);
            }
        }
    }

    private static LogEntry Close(ref Part? open, StdioStream stream)
    {
        var line = new LogEntry(open!.Time, stream, open.Bytes.ToArray());
        open = null;
        return line;
    }

    private sealed record Part(DateTimeOffset Time)
    {
        public MemoryStream Bytes { get; } = new();
    }
}
