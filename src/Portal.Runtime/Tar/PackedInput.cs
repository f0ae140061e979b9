namespace Portal.Runtime.Tar;

/// <summary>
/// What decoders read from: buffered, as they ask byte by byte; never short but at the end, as some of them take a short read
/// for it; with a position, and with a memory of whether it was the source that failed.
/// </summary>
internal sealed class PackedInput(Stream source) : ForwardStream
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private long _position;

    /// <summary>Reading the source threw.</summary>
    public bool Failed { get; private set; }

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int ReadByte()
    {
        if (_start == _end && !Fill())
        {
            return -1;
        }

        _position++;
        return _buffer[_start++];
    }

    public override int Read(Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length && (_start < _end || Fill()))
        {
            var length = Math.Min(buffer.Length - total, _end - _start);
            _buffer.AsSpan(_start, length).CopyTo(buffer[total..]);
            _start += length;
            total += length;
        }

        _position += total;
        return total;
    }

    private bool Fill()
    {
        try
        {
            (_start, _end) = (0, source.Read(_buffer));
            return _end > 0;
        }
        catch
        {
            Failed = true;
            throw;
        }
    }
}
