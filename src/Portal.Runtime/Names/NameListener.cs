using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Names;

/// <summary>
/// Takes questions from two sockets inside a container's namespace and sends answers back. Nothing of it waits on a thread: an idle
/// container costs two sockets and a buffer.
/// </summary>
internal sealed class NameListener : IDisposable
{
    private const int MaximumConnections = 32;
    private const int LargestQuestion = 4096;

    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _datagrams;
    private readonly Socket _connections;
    private readonly NameServer _server;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ContainerId _container;
    private int _connected;
    private int _complained;

    public NameListener(ContainerId container, NameSockets sockets, NameServer server, TimeProvider time, ILogger logger)
    {
        (_datagrams, _connections) = (sockets.Datagrams, sockets.Connections);
        (_container, _server, _time, _logger) = (container, server, time, logger);
    }

    /// <summary>Whose questions.</summary>
    public NameServer Server => _server;

    /// <summary>Begins.</summary>
    public void Start()
    {
        _ = TakeDatagramsAsync();
        _ = TakeConnectionsAsync();
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _server.Dispose();
        _datagrams.Dispose();
        _connections.Dispose();
    }

    private async Task TakeDatagramsAsync()
    {
        // One that is larger is no question but an attempt; cut off, it is refused.
        var buffer = new byte[DnsBits.LargeDatagram];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var size = await _datagrams.ReceiveFromAsync(buffer, SocketFlags.None, from, _stopping.Token).ConfigureAwait(false);
                var answering = _server.AnswerAsync(buffer.AsSpan(0, size), isStream: false);
                if (!answering.IsCompletedSuccessfully)
                {
                    _ = SendLaterAsync(answering.AsTask(), Copy(from));
                }
                else if (answering.Result is { } answer)
                {
                    await _datagrams.SendToAsync(answer, SocketFlags.None, from, _stopping.Token).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (IsEnd(e))
            {
                return;
            }
            catch (Exception e)
            {
                // The next question is none the worse for it.
                Complain(e);
                await PauseAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task SendLaterAsync(Task<byte[]?> answering, SocketAddress to)
    {
        try
        {
            if (await answering.ConfigureAwait(false) is { } answer)
            {
                await _datagrams.SendToAsync(answer, SocketFlags.None, to, _stopping.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            if (!IsEnd(e))
            {
                Complain(e);
            }
        }
    }

    private async Task TakeConnectionsAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var connection = await _connections.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                if (Interlocked.Increment(ref _connected) > MaximumConnections)
                {
                    Interlocked.Decrement(ref _connected);
                    connection.Dispose();
                    continue;
                }

                _ = ServeAsync(connection);
            }
            catch (Exception e) when (IsEnd(e))
            {
                return;
            }
            catch (SocketException e)
            {
                // No descriptors left, or an asker that was gone at once.
                Complain(e);
                await PauseAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Answers one question after the other until the asker is done or has nothing to say for too long (RFC 7766, 6.2.3).</summary>
    private async Task ServeAsync(Socket connection)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            var head = new byte[2];
            var buffer = new byte[DnsBits.SmallDatagram];
            while (true)
            {
                using var limit = new CancellationTokenSource(s_idle, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
                await stream.ReadExactlyAsync(head, either.Token).ConfigureAwait(false);
                int size = BinaryPrimitives.ReadUInt16BigEndian(head);
                if (size > LargestQuestion)
                {
                    return;
                }

                if (buffer.Length < size)
                {
                    buffer = new byte[size];
                }

                await stream.ReadExactlyAsync(buffer.AsMemory(0, size), either.Token).ConfigureAwait(false);
                if (await _server.AnswerAsync(buffer.AsSpan(0, size), isStream: true).ConfigureAwait(false) is not { } answer)
                {
                    return;
                }

                var framed = new byte[2 + answer.Length];
                BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
                answer.CopyTo(framed, 2);
                using var writing = new CancellationTokenSource(s_idle, _time);
                using var eitherWriting = CancellationTokenSource.CreateLinkedTokenSource(writing.Token, _stopping.Token);
                await stream.WriteAsync(framed, eitherWriting.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Its end.
        }
        catch (Exception e)
        {
            Complain(e);
        }
        finally
        {
            Interlocked.Decrement(ref _connected);
        }
    }

    private async Task PauseAsync()
    {
        // What fails at once would fail again at once.
        try
        {
            await Task.Delay(s_pause, _time, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // No need for another.
        }
    }

    private void Complain(Exception e)
    {
        // Once: what fails here may fail with every question.
        if (Interlocked.Exchange(ref _complained, 1) == 0)
        {
            _logger.QuestionFailed(_container.Abbreviated, e);
        }
    }

    private bool IsEnd(Exception e) => _stopping.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException or SocketException;

    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return copy;
    }
}
