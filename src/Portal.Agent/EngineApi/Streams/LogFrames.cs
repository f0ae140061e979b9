using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using Portal.Runtime.Logs;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>A log on its way to a client: each line in a frame, with the time and the details before it that were asked for.</summary>
/// <param name="output">The client.</param>
/// <param name="framed">False for a terminal's output.</param>
/// <param name="timestamps">RFC 3339 with nine digits of a second, and a blank.</param>
/// <param name="details">Before each line, and a blank; null for none. Empty where there are none to tell.</param>
internal sealed class LogFrames(PipeWriter output, bool framed, bool timestamps, byte[]? details) : ILogSink, IBufferWriter<byte>, IDisposable
{
    // 2026-11-23T19:01:23.123456789Z and a blank.
    private const int StampLength = 31;

    // What a run of lines in the reader's block comes to, mostly.
    private const int BufferSize = 128 * 1024;

    private readonly byte[] _prefix = Prefix(timestamps, details);
    private byte[] _buffer = [];
    private int _length;
    private long _stamped = long.MinValue;

    public void Write(in LogEntry entry)
    {
        if (timestamps && entry.UnixNanoseconds != _stamped)
        {
            Stamp(entry.UnixNanoseconds);
        }

        StdioFrames.Write(this, entry.Stream, _prefix, entry.Data, framed);
    }

    public async ValueTask FlushAsync(CancellationToken ct)
    {
        var result = _length == 0 ? await output.FlushAsync(ct) : await output.WriteAsync(_buffer.AsMemory(0, _length), ct);
        Dispose();
        if (result.IsCompleted)
        {
            throw new ClientGoneException();
        }
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => Room(sizeHint).AsMemory(_length);

    public Span<byte> GetSpan(int sizeHint = 0) => Room(sizeHint).AsSpan(_length);

    /// <summary>Gives the buffer back: most followers wait most of the time.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        (_buffer, _length) = ([], 0);
    }

    private byte[] Room(int size)
    {
        if (_buffer.Length - _length < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, Math.Max(_length + size, BufferSize)));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            if (_buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        return _buffer;
    }

    private static byte[] Prefix(bool timestamps, byte[]? details) =>
        [.. timestamps ? new byte[StampLength] : [], .. details ?? [], .. details is null ? ReadOnlySpan<byte>.Empty : " "u8];

    // Lines that the monitor read together have one time.
    private void Stamp(long unixNanoseconds)
    {
        var (seconds, nanoseconds) = Math.DivRem(unixNanoseconds, 1_000_000_000);
        if (nanoseconds < 0)
        {
            (seconds, nanoseconds) = (seconds - 1, nanoseconds + 1_000_000_000);
        }

        // "O" of a UTC time is 2026-11-23T19:01:23.0000000Z.
        _ = Utf8Formatter.TryFormat(DateTime.UnixEpoch.AddSeconds(seconds), _prefix, out _, 'O');
        _ = Utf8Formatter.TryFormat(nanoseconds, _prefix.AsSpan(20), out _, new('D', 9));
        "Z "u8.CopyTo(_prefix.AsSpan(29));
        _stamped = unixNanoseconds;
    }
}
