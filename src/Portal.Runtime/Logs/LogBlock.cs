using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// Bytes of a log on their way to entries. Entries point into the block, so a block is filled once and never written over;
/// the collector takes it when the last entry is gone.
/// </summary>
internal sealed class LogBlock
{
    // Below the size from which arrays live on the large object heap.
    private const int Size = 64 * 1024;
    private const int LeastRoom = 16 * 1024;

    // Longer than any line the monitor writes (8 KiB of text); what has no line feed within it is not a log.
    private const int MaximumLine = 1024 * 1024;

    private byte[] _bytes = new byte[Size];
    private int _start;
    private int _end;

    /// <summary>Appends from the file; returns the number of bytes, 0 at its end.</summary>
    public async ValueTask<int> FillAsync(SafeFileHandle file, long offset, long limit, CancellationToken ct)
    {
        if (_bytes.Length - _end < LeastRoom)
        {
            var rest = _end - _start;
            var bytes = new byte[rest < Size / 2 ? Size : Math.Max(rest * 2, Size)];
            _bytes.AsSpan(_start, rest).CopyTo(bytes);
            (_bytes, _start, _end) = (bytes, 0, rest);
        }

        var room = (int)Math.Min(_bytes.Length - _end, limit - offset);
        var read = room <= 0 ? 0 : await RandomAccess.ReadAsync(file, _bytes.AsMemory(_end, room), offset, ct).ConfigureAwait(false);
        _end += read;
        if (_end - _start > MaximumLine)
        {
            _start = _end;
        }

        return read;
    }

    /// <summary>Forgets the beginning of a line whose end never came.</summary>
    public void Drop() => _start = _end;

    /// <summary>Takes the next complete line that is wanted.</summary>
    public bool TryTake(in LogFilter filter, out LogEntry entry)
    {
        while (_start < _end)
        {
            var newline = _bytes.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (newline < 0)
            {
                break;
            }

            var begin = _start;
            _start += newline + 1;
            if (K8sFileLine.TryParse(_bytes.AsSpan(begin, newline), out var line) && filter.Wants(line))
            {
                var text = begin + line.TextStart;
                entry = new(new DateTimeOffset(line.UtcTicks, TimeSpan.Zero), line.Stream, _bytes.AsMemory(text, _start - text - (line.IsPartial ? 1 : 0)));
                return true;
            }
        }

        entry = default;
        return false;
    }
}

/// <summary>Which lines are wanted.</summary>
internal readonly struct LogFilter(LogQuery query)
{
    private readonly long _since = query.Since?.UtcTicks ?? long.MinValue;
    private readonly long _until = query.Until?.UtcTicks ?? long.MaxValue;
    private readonly bool _stdout = query.Stdout;
    private readonly bool _stderr = query.Stderr;

    public bool Wants(in K8sFileLine line) =>
        (line.Stream == StdioStream.Stdout ? _stdout : _stderr) && line.UtcTicks >= _since && line.UtcTicks <= _until;
}
