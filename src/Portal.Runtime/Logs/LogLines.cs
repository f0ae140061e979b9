using System.Buffers;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// Takes the bytes of a log apart: picks the lines that are wanted, puts those together again that the monitor wrote in parts,
/// and writes them to a sink. The monitor reads 8 KiB at a time, and a line that lies across two reads is not two lines.
/// </summary>
internal sealed class LogLines(LogQuery query, ILogSink sink) : IDisposable
{
    /// <summary>A longer line is handed on in pieces of this size, as Docker does.</summary>
    public const int PieceSize = 16 * 1024;

    private const int BlockSize = 128 * 1024;

    // Longer than any line the monitor writes (8 KiB of text).
    private const int MaximumLine = 64 * 1024;

    private readonly long _until = LastOf(query.Until);
    private readonly Part[] _parts = [new(), new(), new()];
    private readonly byte[] _stamp = new byte[K8sFileLine.StampLength];
    private long _since = Nanoseconds(query.Since, long.MinValue);
    private long _stampTime;
    private byte[] _block = [];
    private int _start;
    private int _end;

    /// <summary>A line came that is later than wanted: nothing after it is.</summary>
    public bool IsPast { get; private set; }

    /// <summary>Reads on in a file and writes what is complete. False when there was nothing more.</summary>
    /// <param name="segment">The file.</param>
    /// <param name="limit">Bytes to read at most.</param>
    public bool Read(LogSegment segment, long limit = long.MaxValue)
    {
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }
        else if (_block.Length - _end < _block.Length / 2)
        {
            _block.AsSpan(_start.._end).CopyTo(_block);
            (_start, _end) = (0, _end - _start);
        }

        if (_block.Length == 0)
        {
            _block = ArrayPool<byte>.Shared.Rent(BlockSize);
        }

        var count = segment.Read(_block.AsSpan(_end, (int)Math.Min(_block.Length - _end, limit)));
        _end += count;
        Write();
        return count > 0;
    }

    /// <summary>Writes lines that do not lie in a file.</summary>
    public void Write(ReadOnlySpan<byte> lines)
    {
        DropUnfinished();
        while (!IsPast && lines.IndexOf((byte)'\n') is var end and >= 0)
        {
            Take(lines[..(end + 1)]);
            lines = lines[(end + 1)..];
        }
    }

    /// <summary>Forgets the beginning of a line whose end never came: nothing more is written to its file.</summary>
    public void DropUnfinished() => _start = _end;

    /// <summary>The log ends here: writes lines that have no end.</summary>
    public void Finish()
    {
        for (var stream = 0; stream < _parts.Length && !IsPast; stream++)
        {
            var part = _parts[stream];
            if (part.Length > 0)
            {
                sink.Write(new(part.Time, (StdioStream)stream, part.Bytes.AsSpan(0, part.Length)));
            }

            part.Close();
        }
    }

    /// <summary>Gives memory back that a reader who waits does not need.</summary>
    public void Rest()
    {
        if (_start == _end && _block.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_block);
            (_block, _start, _end) = ([], 0, 0);
        }
    }

    public void Dispose()
    {
        DropUnfinished();
        Rest();
    }

    private void Write()
    {
        var block = _block.AsSpan(_start.._end);
        while (!IsPast && block.IndexOf((byte)'\n') is var end and >= 0)
        {
            Take(block[..(end + 1)]);
            block = block[(end + 1)..];
        }

        _start = _end - (block.Length > MaximumLine ? 0 : block.Length);
    }

    /// <summary>Takes one line with its line feed.</summary>
    private void Take(ReadOnlySpan<byte> line)
    {
        if (!K8sFileLine.TryParse(line[..^1], out var head) || !(head.Stream == StdioStream.Stdout ? query.Stdout : query.Stderr) || !TryTime(line, out var time))
        {
            return;
        }

        var part = _parts[(int)head.Stream];
        if (!part.IsOpen)
        {
            // The time of a line is that of its first part, and so decides about all of it.
            part.IsLeftOut = time < _since;
            part.Time = time;
            if (time > _until)
            {
                IsPast = true;
                return;
            }
        }

        var text = line[K8sFileLine.PrefixLength..^(head.IsPartial ? 1 : 0)];
        if (part.IsLeftOut)
        {
            part.IsOpen = head.IsPartial;
            return;
        }

        // Clocks are set back: what comes after the first line of interest is of interest.
        _since = long.MinValue;
        if (query.InPieces)
        {
            sink.Write(new(time, head.Stream, text));
            return;
        }

        if (head.IsPartial)
        {
            part.IsOpen = true;
            Add(part, head.Stream, text);
            return;
        }

        if (part.Length == 0)
        {
            sink.Write(new(part.Time, head.Stream, text));
        }
        else
        {
            Add(part, head.Stream, text);
            if (part.Length > 0)
            {
                sink.Write(new(part.Time, head.Stream, part.Bytes.AsSpan(0, part.Length)));
            }
        }

        part.Close();
    }

    private void Add(Part part, StdioStream stream, ReadOnlySpan<byte> text)
    {
        part.Add(text);
        var offset = 0;
        for (; part.Length - offset >= PieceSize; offset += PieceSize)
        {
            sink.Write(new(part.Time, stream, part.Bytes.AsSpan(offset, PieceSize)));
        }

        part.Drop(offset);
    }

    // Lines that came in one read of the monitor have one time.
    private bool TryTime(ReadOnlySpan<byte> line, out long time)
    {
        var stamp = line[..K8sFileLine.StampLength];
        if (!stamp.SequenceEqual(_stamp))
        {
            if (!K8sFileLine.TryParseTime(stamp, out _stampTime))
            {
                _stamp.AsSpan().Clear();
                time = 0;
                return false;
            }

            stamp.CopyTo(_stamp);
        }

        time = _stampTime;
        return true;
    }

    /// <summary>The end of a time: its clock has ticks of 100 ns, and the line is wanted whose time it was taken from.</summary>
    internal static long LastOf(DateTimeOffset? time) => Nanoseconds(time, long.MaxValue) is var last && last > long.MaxValue - TimeSpan.NanosecondsPerTick ? long.MaxValue : last + TimeSpan.NanosecondsPerTick - 1;

    internal static long Nanoseconds(DateTimeOffset? time, long otherwise)
    {
        if (time is not { } given)
        {
            return otherwise;
        }

        var ticks = (given - DateTimeOffset.UnixEpoch).Ticks;
        return ticks > long.MaxValue / TimeSpan.NanosecondsPerTick ? long.MaxValue
            : ticks < long.MinValue / TimeSpan.NanosecondsPerTick ? long.MinValue
            : ticks * TimeSpan.NanosecondsPerTick;
    }

    /// <summary>The parts of a line so far.</summary>
    private sealed class Part
    {
        public byte[] Bytes { get; private set; } = [];

        public int Length { get; private set; }

        public long Time { get; set; }

        public bool IsOpen { get; set; }

        /// <summary>The line is before what is wanted.</summary>
        public bool IsLeftOut { get; set; }

        public void Add(ReadOnlySpan<byte> text)
        {
            if (Bytes.Length - Length < text.Length)
            {
                var bytes = new byte[Math.Max(Length + text.Length, PieceSize)];
                Bytes.AsSpan(0, Length).CopyTo(bytes);
                Bytes = bytes;
            }

            text.CopyTo(Bytes.AsSpan(Length));
            Length += text.Length;
        }

        public void Drop(int count)
        {
            Bytes.AsSpan(count, Length - count).CopyTo(Bytes);
            Length -= count;
        }

        public void Close() => (IsOpen, IsLeftOut, Length) = (false, false, 0);
    }
}
