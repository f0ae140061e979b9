using Google.Protobuf;
using Grpc.Core;

namespace Portal.Agent.BuildKit.Transport;

/// <summary>A call whose messages are nothing but bytes, as a stream.</summary>
/// <param name="requests">What goes there.</param>
/// <param name="responses">What comes back.</param>
/// <param name="bytes">The bytes of a message.</param>
/// <param name="message">The message of bytes.</param>
/// <param name="call">Ended with the stream.</param>
internal sealed class CallStream<T>(
    IClientStreamWriter<T> requests, IAsyncStreamReader<T> responses, Func<T, ByteString> bytes, Func<ReadOnlyMemory<byte>, T> message, IDisposable call) : Stream
    where T : class
{
    /// <summary>Longest piece of one message; clients take four times as much.</summary>
    private const int Piece = 1 << 20;

    private ReadOnlyMemory<byte> _rest;
    private bool _completed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Nothing more goes there. Waits until the other side has taken all of it and ended the call.</summary>
    public async Task CompleteAsync(CancellationToken ct)
    {
        _completed = true;
        await requests.CompleteAsync();
        while (await responses.MoveNext(ct))
        {
            // Nothing is expected back.
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_rest.IsEmpty)
        {
            if (!await MoveAsync(cancellationToken))
            {
                return 0;
            }

            _rest = bytes(responses.Current).Memory;
        }

        var length = Math.Min(buffer.Length, _rest.Length);
        _rest[..length].CopyTo(buffer);
        _rest = _rest[length..];
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // For readers of archives, which run on a thread of their own.
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var length = Math.Min(buffer.Length, Piece);
            try
            {
                await requests.WriteAsync(message(buffer[..length]), cancellationToken);
            }
            catch (RpcException e)
            {
                throw new IOException(e.Status.Detail, e);
            }

            buffer = buffer[length..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!_completed)
            {
                _completed = true;
                _ = requests.CompleteAsync().ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }

            call.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<bool> MoveAsync(CancellationToken ct)
    {
        try
        {
            return await responses.MoveNext(ct);
        }
        catch (RpcException e) when (e.StatusCode != StatusCode.Cancelled || !ct.IsCancellationRequested)
        {
            throw new IOException(e.Status.Detail, e);
        }
    }
}
