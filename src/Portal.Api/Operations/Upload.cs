namespace Portal.Api.Operations;

/// <summary>
/// A request's body on its way to an engine. The request is held open until the body has been read or nobody wants it any more, for with the request the body
/// is gone too.
/// </summary>
internal sealed class Upload(Stream body, CancellationToken gone) : Stream
{
    private readonly CancellationTokenSource _closed = CancellationTokenSource.CreateLinkedTokenSource(gone);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when it was read to its end, or broke off.</summary>
    public Task Over => _over.Task;

    /// <summary>True when the client went before its end.</summary>
    public bool IsBroken { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>From here on nothing of the request is touched.</summary>
    public async Task CloseAsync()
    {
        await _closed.CancelAsync();
        await _reading.WaitAsync(CancellationToken.None);
        _reading.Release();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        await _reading.WaitAsync(cancellationToken);
        try
        {
            either.Token.ThrowIfCancellationRequested();
            var count = await body.ReadAsync(buffer, either.Token);
            if (count == 0 && buffer.Length > 0)
            {
                _over.TrySetResult();
            }

            return count;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            IsBroken = !_over.Task.IsCompleted;
            _over.TrySetResult();
            throw;
        }
        finally
        {
            _reading.Release();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        // Whoever sends it ends with it, before its end too; the body itself is the request's.
        _over.TrySetResult();
        base.Dispose(disposing);
    }
}
