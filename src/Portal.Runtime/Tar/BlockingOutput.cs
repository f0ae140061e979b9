namespace Portal.Runtime.Tar;

/// <summary>
/// The blocking face of a stream that may only be written asynchronously, such as an answer's body. For a thread that is taken
/// for one archive from start to end (<see cref="ArchiveThread"/>). Gathers small writes.
/// </summary>
internal sealed class BlockingOutput(Stream inner, CancellationToken ct) : Stream
{
    private readonly byte[] _buffer = new byte[128 * 1024];
    private int _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var length = Math.Min(buffer.Length, _buffer.Length - _length);
            buffer[..length].CopyTo(_buffer.AsSpan(_length));
            buffer = buffer[length..];
            _length += length;
            if (_length == _buffer.Length)
            {
                Flush();
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        if (_length > 0)
        {
            inner.WriteAsync(_buffer.AsMemory(0, _length), ct).AsTask().GetAwaiter().GetResult();
            _length = 0;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
