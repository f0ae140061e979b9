using System.Security.Cryptography;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Tar;

/// <summary>Hashes what is written through it, and keeps it within a budget.</summary>
internal sealed class HashingOutput(Stream inner, SpaceBudget budget) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[128 * 1024];
    private int _length;

    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Digest of all that was written. To be asked once, at the end.</summary>
    public Digest Finish()
    {
        Flush();
        return Digest.FromHash(_hash.GetHashAndReset());
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        budget.Charge(buffer.Length);
        _hash.AppendData(buffer);
        Written += buffer.Length;
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
        inner.Write(_buffer, 0, _length);
        _length = 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
