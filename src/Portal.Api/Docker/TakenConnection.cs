using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Portal.Api.Docker;

/// <summary>Lets an endpoint take its connection over and speak raw bytes on it, as attach and exec do.</summary>
internal interface ITakeConnection
{
    /// <summary>The bytes. From now on the HTTP server writes nothing; when the endpoint returns, what was written is sent and the connection closes.</summary>
    IDuplexPipe Take();
}

/// <summary>
/// A connection, below HTTP and above TLS, that the HTTP server cannot break off once it was taken over. Kestrel has upgrades of its own, but not for
/// requests with a body, which exec has.
/// </summary>
internal sealed class TakenConnection : ConnectionContext, ITakeConnection
{
    private readonly ConnectionContext _inner;
    private volatile bool _taken;

    private TakenConnection(ConnectionContext inner)
    {
        _inner = inner;
        inner.Features.Set<ITakeConnection>(this);
    }

    public override string ConnectionId { get => _inner.ConnectionId; set => _inner.ConnectionId = value; }

    public override IFeatureCollection Features => _inner.Features;

    public override IDictionary<object, object?> Items { get => _inner.Items; set => _inner.Items = value; }

    public override IDuplexPipe Transport { get => _inner.Transport; set => _inner.Transport = value; }

    public override CancellationToken ConnectionClosed { get => _inner.ConnectionClosed; set => _inner.ConnectionClosed = value; }

    public override EndPoint? LocalEndPoint { get => _inner.LocalEndPoint; set => _inner.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => _inner.RemoteEndPoint; set => _inner.RemoteEndPoint = value; }

    /// <summary>Connection middleware.</summary>
    public static ConnectionDelegate Wrap(ConnectionDelegate next) => inner => next(new TakenConnection(inner));

    public IDuplexPipe Take()
    {
        _taken = true;
        return _inner.Transport;
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (!_taken)
        {
            _inner.Abort(abortReason);
        }
    }
}
