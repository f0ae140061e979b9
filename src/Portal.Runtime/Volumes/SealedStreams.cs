using System.Security.Cryptography;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Volumes;

/// <summary>Counts and hashes what is written through it.</summary>
internal sealed class SealingOutput(Stream inner, Action<int> written) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Of all that was written so far.</summary>
    public VolumeSeal Seal => new(_bytes, Convert.ToHexStringLower(_hash.GetCurrentHash()));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.AppendData(buffer);
        _bytes += buffer.Length;
        inner.Write(buffer);
        written(buffer.Length);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

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

/// <summary>
/// Counts and hashes what is read through it, one read late: who has just read the header of the member that seals the archive
/// compares with what came before that header.
/// </summary>
internal sealed class SealedInput(Stream inner, Action<int> read) : ForwardStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _last = [];
    private int _lastLength;
    private long _bytes;

    /// <summary>Of all that was read before the last read.</summary>
    public VolumeSeal Seal => new(_bytes, Convert.ToHexStringLower(_hash.GetCurrentHash()));

    public override int Read(Span<byte> buffer)
    {
        _hash.AppendData(_last, 0, _lastLength);
        _bytes += _lastLength;

        // As much as is asked for, so that one header is one read.
        var length = inner.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (_last.Length < length)
        {
            _last = new byte[length];
        }

        buffer[..length].CopyTo(_last);
        _lastLength = length;
        read(length);
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
