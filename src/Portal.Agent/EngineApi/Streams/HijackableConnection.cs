using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>The other end of a connection.</summary>
internal interface IPeer
{
    /// <summary>True while somebody is at the other end, even if it has closed its own half.</summary>
    bool PeerIsThere();

    /// <summary>Breaks the connection off; what it was still to get is dropped.</summary>
    void Drop();
}

/// <summary>Lets a handler take the connection over and speak raw bytes on it.</summary>
internal interface IHijackFeature : IPeer
{
    /// <summary>
    /// Takes the transport. From now on the HTTP server neither ends the connection when the client closes its half,
    /// nor writes to it; when the handler returns, what was written is sent and the connection closes.
    /// </summary>
    IDuplexPipe Take();
}

/// <summary>
/// A connection that knows half-closing. To the HTTP server the end of a client's input is the end of the connection; to
/// attach and exec it is the end of stdin, with all the output still to come. So the server sees this wrapper, which stops
/// passing on the end of input, and aborts, once the connection has been taken over.
/// </summary>
internal sealed class HijackableConnection : ConnectionContext, IHijackFeature
{
    private readonly ConnectionContext _inner;
    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationTokenRegistration _watch;
    private readonly Lock _lock = new();
    private bool _taken;

    private HijackableConnection(ConnectionContext inner)
    {
        _inner = inner;
        _watch = inner.ConnectionClosed.UnsafeRegister(static self => ((HijackableConnection)self!).OnClosed(), this);
        inner.Features.Set<IHijackFeature>(this);
    }

    public override string ConnectionId { get => _inner.ConnectionId; set => _inner.ConnectionId = value; }

    public override IFeatureCollection Features => _inner.Features;

    public override IDictionary<object, object?> Items { get => _inner.Items; set => _inner.Items = value; }

    public override IDuplexPipe Transport { get => _inner.Transport; set => _inner.Transport = value; }

    public override CancellationToken ConnectionClosed { get => _closed.Token; set => throw new NotSupportedException(); }

    public override EndPoint? LocalEndPoint { get => _inner.LocalEndPoint; set => _inner.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => _inner.RemoteEndPoint; set => _inner.RemoteEndPoint = value; }

    /// <summary>Connection middleware that goes below HTTP.</summary>
    public static ConnectionDelegate Wrap(ConnectionDelegate next) => async inner =>
    {
        var connection = new HijackableConnection(inner);
        try
        {
            await next(connection);
        }
        finally
        {
            await connection._watch.DisposeAsync();
            connection._closed.Dispose();
        }
    };

    public IDuplexPipe Take()
    {
        lock (_lock)
        {
            _taken = true;
        }

        return _inner.Transport;
    }

    public bool PeerIsThere()
    {
        // Sending nothing costs nothing, and fails once the other side is closed both ways.
        var socket = _inner.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (socket is not { AddressFamily: AddressFamily.Unix })
        {
            return true;
        }

        try
        {
            _ = socket.Send(ReadOnlySpan<byte>.Empty);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.IOPending)
        {
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Drop() => _inner.Abort(new ConnectionAbortedException("The client did not read."));

    public override void Abort(ConnectionAbortedException abortReason)
    {
        lock (_lock)
        {
            if (_taken)
            {
                return;
            }
        }

        _inner.Abort(abortReason);
    }

    private void OnClosed()
    {
        lock (_lock)
        {
            if (_taken)
            {
                return;
            }
        }

        _closed.Cancel();
    }
}
